// From a failing worker to its cause, its stack trace and a run that is good, as docs/src/dashboard.md tells it. With
// `OVERWRITE=1` the pictures of that page are taken on the way.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { App } from './app.mjs';
import { checkout, skip } from './machine.mjs';
import { Browser, until } from './pages.mjs';

const pictures = join(checkout, 'docs/src/dashboard');
const takes = ![undefined, '', '0'].includes(process.env.OVERWRITE);

describe('the path from a failure to its cause', { skip }, () => {
  let app, dev, browser, window, page;
  before(async () => {
    app = await App.make();
    dev = await app.start();
    browser = await Browser.launch();
    window = await browser.window({ viewport: { width: 1120, height: 700 }, colorScheme: 'light' });
    page = await window.open(dev);
    if (takes) await mkdir(pictures, { recursive: true });
  });
  after(async () => {
    await window?.close();
    await browser?.close();
    await dev?.stop();
    await app?.remove();
  });

  async function picture(name) {
    if (!takes) return;
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(pictures, `${name}.png`), animations: 'disabled', caret: 'hide' });
  }

  test('leads over the list, the error and an edit to a run that is good', async () => {
    for (let order = 1; order <= 12; order += 1) {
      await dev.call('biller', { order, items: [{ price: 4 * order, count: 2 }], mail: order % 2 === 0, later: order % 3 === 0 });
    }
    const failed = await dev.call('biller', { order: 13, items: [{ price: 4, count: 3 }, { price: 9 }], mail: true });
    await page.getByText("KeyError: 'count'").first().waitFor();
    await picture('overview');
    await page.locator('nav').getByRole('link', { name: 'Graph' }).click();
    await page.locator('main').getByText('mailer', { exact: true }).first().waitFor();
    await page.locator('main').getByText('labeler', { exact: true }).first().waitFor();
    await picture('graph');
    await page.locator('nav').getByRole('link', { name: 'Invocations' }).click();
    const row = page.locator('.call-row.is-error');
    await row.getByText("KeyError: 'count'").waitFor();
    await picture('invocations');
    await row.getByRole('link').first().click();
    const error = page.getByRole('region', { name: 'Error' });
    await error.getByRole('heading', { name: 'KeyError' }).waitFor();
    await error.getByText('workers/biller/main.py').first().waitFor();
    await error.getByText('in price').first().waitFor();
    await picture('error');
    await app.edit('workers/biller/main.py', 'item["count"]', 'item.get("count", 1)');
    await until(async () => (await dev.get('/happenings?kind=reloaded')).happenings.length, 1);
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.waitForURL((url) => url.pathname.startsWith('/invocations/') && !url.pathname.endsWith(failed));
    await page.getByRole('heading', { level: 1 }).getByText('ok').waitFor();
    const again = decodeURIComponent(new URL(page.url()).pathname.split('/').at(-1));
    assert.deepEqual((await dev.get(`/invocations/${again}`)).invocation.response.json, { order: 13, total: 21, echo: null });
    await page.locator('main').getByText('mailer').first().waitFor();
    await picture('fixed');
    await page.getByRole('link', { name: 'Edit and run' }).click();
    await until(async () => JSON.parse((await page.locator('textarea').inputValue()) || '{}').order, 13);
    await page.locator('textarea').press('Control+Enter');
    await page.getByText('21').first().waitFor();
    await picture('run');
  });
});
