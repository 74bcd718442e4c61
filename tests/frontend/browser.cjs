// Looks at pages in Chromium: a command a line, as JSON, and a line for what is seen then.
//     node browser.cjs NODE_MODULES CHROMIUM
const { createInterface } = require('node:readline');
const [modules, executablePath] = process.argv.slice(2);
const { chromium } = require(`${modules}/playwright-core`);
const axe = require(`${modules}/axe-core`);

const flags = '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking';
const more = '--disable-component-update --disable-sync';

const commands = {
  open: (page, url) => page.goto(url),
  reload: (page) => page.reload(),
  /** A link by its name. */
  follow: (page, name) => page.getByRole('link', { name, exact: true }).first().click(),
  press: (page, name) => page.getByRole('button', { name }).click(),
  key: (page, name) => page.keyboard.press(name),
  /** Until there is a heading with this text. */
  heading: (page, name) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor(),
  text: (page, text) => page.getByText(text, { exact: true }).first().waitFor(),
  accessible: async (page) => {
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => window.axe.run());
    if (violations.length) throw new Error(JSON.stringify(violations, null, 1));
  },
  screenshot: (page, path) => page.screenshot({ path }),
  look: () => undefined,
};

async function main() {
  const browser = await chromium.launch({ executablePath, args: `${flags} ${more}`.split(' ') });
  const page = await browser.newPage({ viewport: { width: 1120, height: 560 } });
  page.setDefaultTimeout(20_000);
  let complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.addInitScript(() =>
    document.addEventListener('securitypolicyviolation', (event) =>
      console.error(`refused by the policy: ${event.violatedDirective}: ${event.blockedURI}`),
    ),
  );

  const see = () =>
    page.evaluate(() => ({
      heading: document.querySelector('h1')?.textContent ?? null,
      title: document.title,
      path: location.pathname,
      focus: document.activeElement?.textContent?.trim() ?? null,
      links: Array.from(document.querySelectorAll('nav a'), (link) => link.textContent.trim()),
    }));

  for await (const line of createInterface({ input: process.stdin })) {
    const [command, value] = JSON.parse(line);
    let answer;
    try {
      await commands[command](page, value);
      answer = { ...(await see()), complaints };
    } catch (error) {
      answer = { error: String(error), complaints, html: await page.content().catch(() => '') };
    }
    complaints = [];
    console.log(JSON.stringify(answer));
  }
  await browser.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
