import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { assertAccessible, open } from './browser.mjs';
import { serve } from './server.mjs';

let site, session;

before(async () => {
  // Nothing answers there: a remote that is down.
  const entry = 'http://localhost:1/remoteEntry.js';
  const remote = { name: 'bills', title: 'Bills', path: 'bills', entry, module: './routes' };
  site = await serve({ environment: 'test', apiUrl: '', metricsUrl: '', remotes: [remote] });
  session = await open();
});

after(async () => {
  await session?.browser.close();
  site?.close();
});

test('the shell opens, can be used by everybody, and outlives a remote that is down', async () => {
  const { page, complaints } = session;
  await page.goto(site.origin);
  await page.locator('a.card').waitFor();
  assert.match(await page.title(), /^Home – .* – BillPay$/);
  await assertAccessible(page);

  await page.goto(`${site.origin}/nowhere`);
  await page.getByRole('heading', { name: 'Page not found' }).waitFor();
  assert.deepEqual(complaints, []);

  await page.getByRole('link', { name: 'Bills' }).click();
  await page.getByRole('heading', { name: 'Bills is not available' }).waitFor();
  await assertAccessible(page);
  await page.getByRole('link', { name: 'Home' }).click();
  await page.locator('a.card').waitFor();
});

test('a wrong config.json is told, and can be read by everybody', async () => {
  const wrong = await serve({ environment: 'test', remotes: [] });
  try {
    await session.page.goto(wrong.origin);
    const alert = session.page.getByRole('alert');
    await alert.waitFor();
    assert.match(await alert.textContent(), /apiUrl must be a URL or empty/);
    await assertAccessible(session.page);
  } finally {
    wrong.close();
  }
});
