// A user's data is text, whatever it is: it is shown, and nothing of it runs.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { App } from './app.mjs';
import { skip } from './machine.mjs';
import { Browser, until } from './pages.mjs';

const ITEMS = [{ price: 1, count: 1 }];
/** Name, the text, and what of it must be readable. */
const HOSTILE = [
  ['HTML', '<img src=x onerror=alert(1)><b>bold</b>', '<img src=x onerror=alert(1)><b>bold</b>'],
  ['a script', '</script><script>globalThis.hacked = 1</script>', '<script>globalThis.hacked = 1</script>'],
  ['an address that is a script', 'javascript:globalThis.hacked=1', 'javascript:globalThis.hacked=1'],
  ['SVG', '<svg onload="globalThis.hacked=1"><foreignObject>x</foreignObject></svg>', '<svg onload="globalThis.hacked=1">'],
  ['a style', '<style>*{display:none!important}</style>', '<style>*{display:none!important}</style>'],
  ['templates of other languages', '{{constructor.constructor("alert(1)")()}} ${alert(1)}', '{{constructor.constructor("alert(1)")()}}'],
  ['ANSI codes', '\u001b[31mred\u001b[0m \u001b]8;;http://evil.example\u0007link\u001b]8;;\u0007 \u001b[2J', 'red'],
  ['text that goes from right to left', 'abc \u202egnp.exe\u202c \u05d0\u05d1', 'abc'],
  ['NUL and other control characters', 'a\u0000b\u0008c\u001ad', 'a'],
  ['unpaired surrogates and what is no text', '\ud800x\ufffe\uffff', 'x'],
];

describe('hostile data', { skip }, () => {
  let app, dev, browser, window, page;
  before(async () => {
    app = await App.make();
    dev = await app.start();
    browser = await Browser.launch();
    window = await browser.window();
    page = await window.open(dev);
  });
  after(async () => {
    await browser?.close();
    await dev?.stop();
    await app?.remove();
  });

  async function harmless() {
    assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
    assert.equal(await page.locator('main img, main iframe, main script, main style, main object, main a[href^="javascript:" i]').count(), 0);
    assert.deepEqual(window.faults, []);
  }

  for (const [name, text, readable] of HOSTILE) {
    test(`is shown as text: ${name}`, async () => {
      const key = text.slice(0, 40);
      const good = await dev.call('biller', { items: ITEMS, order: text, echo: { [key]: text }, print: [text] });
      const bad = await dev.call('labeler', { fail: true, order: text });
      for (const id of [good, bad]) {
        await window.open(dev, `/invocations/${id}`);
        await page.getByRole('heading', { name: 'Event', exact: true }).waitFor();
        await until(async () => (await page.locator('main').innerText()).includes(readable), true);
        // The direction of a part does not reach past it.
        assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('main h1')).direction), 'ltr');
        await harmless();
      }
      await window.open(dev, `/invocations?q=${encodeURIComponent(text.replace(/[\ud800-\udfff]/g, ''))}`);
      await page.locator('h1').waitFor();
      await harmless();
      await window.open(dev, `/workers/biller/run?from=${good}`);
      await page.locator('textarea').waitFor();
      await harmless();
      await page.goto(`${dev.url}/invocations/${encodeURIComponent(text.replace(/[\ud800-\udfff]/g, ''))}`);
      await page.locator('h1').first().waitFor();
      await harmless();
    });
  }

  test('of five megabytes is shown in part, and leaves the page small', async () => {
    const large = 5 * 1024 * 1024;
    const id = await dev.call('biller', { items: ITEMS, order: 1, large });
    const event = await dev.call('biller', { items: ITEMS, order: 2, echo: 'é<b>'.repeat(large / 5) });
    for (const one of [id, event]) {
      await window.open(dev, `/invocations/${one}`);
      await page.getByRole('heading', { name: 'Response', exact: true }).waitFor();
      const { nodes, length } = await page.evaluate(() => ({ nodes: document.querySelectorAll('*').length, length: document.body.innerText.length }));
      assert.ok(nodes < 5_000 && length < 1_000_000, `${nodes} nodes, ${length} characters`);
      await harmless();
    }
    await window.open(dev, `/workers/biller/run?from=${event}`);
    await until(async () => (await page.locator('textarea').inputValue()).length > large / 5, true);
    await harmless();
  });

  test('in a line of a hundred thousand lines leaves the page small', async () => {
    const id = await dev.call('biller', { items: ITEMS, order: 1, print: Array.from({ length: 5_000 }, (_, line) => `line ${line} <i>x</i>`) });
    await window.open(dev, `/invocations/${id}`);
    await page.getByRole('heading', { name: 'Logs', exact: true }).waitFor();
    const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
    assert.ok(nodes < 20_000, `${nodes} nodes`);
    await harmless();
  });
});
