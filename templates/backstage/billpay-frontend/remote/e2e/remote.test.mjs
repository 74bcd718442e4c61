import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { assertAccessible, open } from './browser.mjs';
import { serve } from './server.mjs';

let site, session;

before(async () => {
  site = await serve({ environment: 'test', apiUrl: '', metricsUrl: '' });
  session = await open();
});

after(async () => {
  await session?.browser.close();
  site?.close();
});

test('the remote runs by itself, and can be used by everybody', async () => {
  const { page, complaints } = session;
  await page.goto(site.origin);
  await page.locator('main a').click();
  await page.getByRole('heading', { name: 'Help' }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Help');
  assert.match(await page.title(), /^Help – .* – BillPay$/);
  await assertAccessible(page);

  // An address of a page inside can be opened as it is.
  await page.reload();
  await page.getByRole('heading', { name: 'Help' }).waitFor();
  assert.deepEqual(complaints, []);
});

test('a wrong config.json is told, and can be read by everybody', async () => {
  const wrong = await serve({ environment: 'test' });
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
