// A browser whose pages are looked at: what they complain about fails a test.
import assert from 'node:assert/strict';

import axe from 'axe-core';
import { chromium } from 'playwright-core';

export async function open() {
  const browser = await chromium.launch({
    // CHROME_BIN as for the unit tests; else the Chrome that is installed.
    ...(process.env.CHROME_BIN ? { executablePath: process.env.CHROME_BIN } : { channel: 'chrome' }),
    args: process.env.CI ? ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] : [],
  });
  const page = await browser.newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { browser, page, complaints };
}

/** What axe-core finds by the rules of WCAG 2.2, levels A and AA, in light and in dark colours. */
export async function assertAccessible(page) {
  await page.evaluate(axe.source);
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await page.evaluate((values) => window.axe.run({ runOnly: values }), tags);
    const told = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0].html}`);
    assert.deepEqual(told, [], colorScheme);
  }
}
