// Two windows, and a `dev` that is killed and started again: both reconnect without being reloaded.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { TestApp } from './test_app.mjs';
import { skip } from './environment.mjs';
import { Browser } from './browser.mjs';

const ITEMS = [{ price: 1, count: 1 }];

describe('two windows', { skip }, () => {
  let app, dev, browser;
  before(async () => {
    app = await TestApp.create();
    dev = await app.start();
    browser = await Browser.launch();
  });
  after(async () => {
    await browser?.close();
    await dev?.stop();
    await app?.remove();
  });

  test('windows reconnect after dev was killed and restarted', async () => {
    const id = await dev.call('biller', { order: 1, items: ITEMS });
    const windows = [await browser.window(), await browser.window()];
    const pages = [await windows[0].open(dev, '/invocations'), await windows[1].open(dev, `/invocations/${id}`)];
    await Promise.all(pages.map((page) => page.evaluate(() => (globalThis.wasHere = true))));
    await pages[0].locator(`a[href="/invocations/${id}"]`).waitFor();
    await dev.kill();
    await Promise.all(pages.map((page) => page.getByRole('alert').filter({ hasText: 'does not answer' }).waitFor()));
    dev = await app.start(dev.port);
    await Promise.all(windows.map((window) => window.live()));
    const newId = await dev.call('biller', { order: 2, items: ITEMS });
    await pages[0].locator(`a[href="/invocations/${newId}"]`).waitFor();
    // The second window can also send changes: it has the token of the new run.
    await pages[1].locator('nav').getByRole('link', { name: 'Workers' }).click();
    await pages[1].locator('main').getByRole('link', { name: 'biller' }).first().click();
    await pages[1].getByRole('link', { name: /run/i }).first().click();
    await pages[1].locator('textarea').fill(JSON.stringify({ order: 3, items: [{ price: 7, count: 6 }] }));
    await pages[1].getByRole('button', { name: 'Run', exact: true }).click();
    await pages[1].getByText('42').first().waitFor();
    for (const page of pages) assert.equal(await page.evaluate(() => globalThis.wasHere), true);
    for (const window of windows) await window.close();
  });
});
