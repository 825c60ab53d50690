// Large amounts of data: the document stays small, and little is transferred. `cargo xtask bench dashboard` measures the speed.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { TestApp } from './test_app.mjs';
import { skip } from './environment.mjs';
import { Browser, until } from './browser.mjs';

/** Maximum size of the compressed script. */
const MAX_SCRIPT_BYTES = 150 * 1024;

describe('large lists', { skip }, () => {
  let app, dev, browser;
  before(async () => {
    app = await TestApp.create();
    dev = await app.start();
    browser = await Browser.launch();
    await dev.volume(5_000, 'mailer', (order) => ({ order, fail: order % 10 === 0 }));
  });
  after(async () => {
    await browser?.close();
    await dev?.stop();
    await app?.remove();
  });

  test('list of 5,000 invocations renders only visible rows', async () => {
    const window = await browser.window();
    const page = await window.open(dev, '/invocations');
    await until(async () => /\b[56],?\d{3}\b/.test((await page.getByTestId('count').innerText()).replace(/\u202f|\u00a0/g, ',')), true);
    const scroller = page.getByTestId('scroller');
    const nodes = () => page.evaluate(() => document.querySelectorAll('*').length);
    for (const part of [0, 0.25, 0.5, 0.75, 1]) {
      await scroller.evaluate((element, where) => element.scrollTo(0, element.scrollHeight * where), part);
      await until(async () => (await page.locator('.scroller .invocation-row').count()) > 10, true);
      assert.ok((await page.locator('.scroller .invocation-row').count()) < 100);
      assert.ok((await nodes()) < 3_000);
    }
    // The visible rows stay in place when invocations arrive.
    const visibleLink = () => page.locator('.scroller .invocation-row a').nth(12).getAttribute('href');
    const last = await visibleLink();
    await scroller.evaluate((element) => element.scrollTo(0, element.scrollHeight / 2));
    // The rows are rendered one frame after the scrolling.
    await until(async () => (await visibleLink()) !== last, true);
    const first = await visibleLink();
    await dev.volume(50, 'mailer', (order) => ({ order }));
    await page.getByText(/new invocations/).waitFor();
    assert.equal(await page.locator(`.scroller a[href="${first}"]`).count(), 1);
    await window.close();
  });

  test('script is compressed and small', async () => {
    const response = await fetch(`${dev.url}/app.js`, { headers: { 'Accept-Encoding': 'gzip' } });
    assert.equal(response.headers.get('content-encoding'), 'gzip');
    const head = await fetch(`${dev.url}/app.js`, { method: 'HEAD', headers: { 'Accept-Encoding': 'gzip' } });
    const size = Number(head.headers.get('content-length'));
    assert.ok(size > 10_000 && size <= MAX_SCRIPT_BYTES, `${size} bytes`);
  });
});
