// Much of everything: what is in the page stays little, and what is sent is small. How fast it is, `cargo xtask bench
// dashboard` measures.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { App } from './app.mjs';
import { skip } from './machine.mjs';
import { Browser, until } from './pages.mjs';

/** Bytes of JavaScript over the line. */
const SCRIPT = 150 * 1024;

describe('much of everything', { skip }, () => {
  let app, dev, browser;
  before(async () => {
    app = await App.make();
    dev = await app.start();
    browser = await Browser.launch();
    await dev.volume(5_000, 'mailer', (order) => ({ order, fail: order % 10 === 0 }));
  });
  after(async () => {
    await browser?.close();
    await dev?.stop();
    await app?.remove();
  });

  test('is a list of 5,000 invocations of which only those in sight are in the page', async () => {
    const window = await browser.window();
    const page = await window.open(dev, '/invocations');
    await until(async () => /\b[56],?\d{3}\b/.test((await page.getByTestId('count').innerText()).replace(/\u202f|\u00a0/g, ',')), true);
    const scroller = page.getByTestId('scroller');
    const nodes = () => page.evaluate(() => document.querySelectorAll('*').length);
    for (const part of [0, 0.25, 0.5, 0.75, 1]) {
      await scroller.evaluate((element, where) => element.scrollTo(0, element.scrollHeight * where), part);
      await until(async () => (await page.locator('.scroller .call-row').count()) > 10, true);
      assert.ok((await page.locator('.scroller .call-row').count()) < 100);
      assert.ok((await nodes()) < 3_000);
    }
    // What is in sight stays there when something comes.
    const inSight = () => page.locator('.scroller .call-row a').nth(12).getAttribute('href');
    const last = await inSight();
    await scroller.evaluate((element) => element.scrollTo(0, element.scrollHeight / 2));
    // The rows follow the scrolling by a frame.
    await until(async () => (await inSight()) !== last, true);
    const first = await inSight();
    await dev.volume(50, 'mailer', (order) => ({ order }));
    await page.getByText(/new invocations/).waitFor();
    assert.equal(await page.locator(`.scroller a[href="${first}"]`).count(), 1);
    await window.close();
  });

  test('is sent small', async () => {
    const response = await fetch(`${dev.url}/app.js`, { headers: { 'Accept-Encoding': 'gzip' } });
    assert.equal(response.headers.get('content-encoding'), 'gzip');
    const head = await fetch(`${dev.url}/app.js`, { method: 'HEAD', headers: { 'Accept-Encoding': 'gzip' } });
    const size = Number(head.headers.get('content-length'));
    assert.ok(size > 10_000 && size <= SCRIPT, `${size} bytes`);
  });
});
