// From a failing worker to its cause, its stack trace and a successful run, as described in docs/src/dashboard.md. With
// `OVERWRITE=1`, takesScreenshots the screenshots of that page.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TestApp } from './test_app.mjs';
import { checkout, skip } from './environment.mjs';
import { Browser, until } from './browser.mjs';

const screenshots = join(checkout, 'docs/src/dashboard');
const takesScreenshots = ![undefined, '', '0'].includes(process.env.OVERWRITE);

describe('from a failure to its cause', { skip }, () => {
  let app, dev, browser, window, page;
  before(async () => {
    app = await TestApp.create();
    dev = await app.start();
    browser = await Browser.launch();
    window = await browser.window({ viewport: { width: 1120, height: 700 }, colorScheme: 'light' });
    page = await window.open(dev);
    if (takesScreenshots) await mkdir(screenshots, { recursive: true });
  });
  after(async () => {
    await window?.close();
    await browser?.close();
    await dev?.stop();
    await app?.remove();
  });

  async function takeScreenshot(name) {
    if (!takesScreenshots) return;
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(screenshots, `${name}.png`), animations: 'disabled', caret: 'hide' });
  }

  test('list, error page and edit lead to a successful run', async () => {
    for (let order = 1; order <= 12; order += 1) {
      await dev.call('biller', { order, items: [{ price: 4 * order, count: 2 }], mail: order % 2 === 0, later: order % 3 === 0 });
    }
    const failed = await dev.call('biller', { order: 13, items: [{ price: 4, count: 3 }, { price: 9 }], mail: true });
    await page.getByText("KeyError: 'count'").first().waitFor();
    await takeScreenshot('overview');
    await page.locator('nav').getByRole('link', { name: 'Graph' }).click();
    await page.locator('main').getByText('mailer', { exact: true }).first().waitFor();
    await page.locator('main').getByText('labeler', { exact: true }).first().waitFor();
    await takeScreenshot('graph');
    await page.locator('nav').getByRole('link', { name: 'Invocations' }).click();
    const row = page.locator('.invocation-row.is-error');
    await row.getByText("KeyError: 'count'").waitFor();
    await takeScreenshot('invocations');
    await row.getByRole('link').first().click();
    const error = page.getByRole('region', { name: 'Error' });
    await error.getByRole('heading', { name: 'KeyError' }).waitFor();
    await error.getByText('workers/biller/main.py').first().waitFor();
    await error.getByText('in price').first().waitFor();
    await takeScreenshot('error');
    await app.edit('workers/biller/main.py', 'item["count"]', 'item.get("count", 1)');
    await until(async () => (await dev.get('/dev-events?kind=reloaded')).events.length, 1);
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.waitForURL((url) => url.pathname.startsWith('/invocations/') && !url.pathname.endsWith(failed));
    await page.getByRole('heading', { level: 1 }).getByText('ok').waitFor();
    const replayId = decodeURIComponent(new URL(page.url()).pathname.split('/').at(-1));
    assert.deepEqual((await dev.get(`/invocations/${replayId}`)).invocation.response.json, { order: 13, total: 21, echo: null });
    await page.locator('main').getByText('mailer').first().waitFor();
    await takeScreenshot('fixed');
    await page.getByRole('link', { name: 'Edit and run' }).click();
    await until(async () => JSON.parse((await page.locator('textarea').inputValue()) || '{}').order, 13);
    await page.locator('textarea').press('Control+Enter');
    await page.getByText('21').first().waitFor();
    await takeScreenshot('run');
  });
});
