// Data of users is rendered as text, whatever it contains, and never executed.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { TestApp } from './test_app.mjs';
import { skip } from './environment.mjs';
import { Browser, until } from './browser.mjs';

const ITEMS = [{ price: 1, count: 1 }];
/** The name, the text, and the part of it that must be readable. */
const UNTRUSTED_TEXTS = [
  ['HTML', '<img src=x onerror=alert(1)><b>bold</b>', '<img src=x onerror=alert(1)><b>bold</b>'],
  ['script element', '</script><script>globalThis.hacked = 1</script>', '<script>globalThis.hacked = 1</script>'],
  ['javascript: URL', 'javascript:globalThis.hacked=1', 'javascript:globalThis.hacked=1'],
  ['SVG', '<svg onload="globalThis.hacked=1"><foreignObject>x</foreignObject></svg>', '<svg onload="globalThis.hacked=1">'],
  ['style element', '<style>*{display:none!important}</style>', '<style>*{display:none!important}</style>'],
  ['template expressions', '{{constructor.constructor("alert(1)")()}} ${alert(1)}', '{{constructor.constructor("alert(1)")()}}'],
  ['ANSI escape codes', '\u001b[31mred\u001b[0m \u001b]8;;http://evil.example\u0007link\u001b]8;;\u0007 \u001b[2J', 'red'],
  ['right-to-left text', 'abc \u202egnp.exe\u202c \u05d0\u05d1', 'abc'],
  ['NUL and control characters', 'a\u0000b\u0008c\u001ad', 'a'],
  ['unpaired surrogates and noncharacters', '\ud800x\ufffe\uffff', 'x'],
];

describe('untrusted input', { skip }, () => {
  let app, dev, browser, window, page;
  before(async () => {
    app = await TestApp.create();
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

  async function assertHarmless() {
    assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
    assert.equal(await page.locator('main img, main iframe, main script, main style, main object, main a[href^="javascript:" i]').count(), 0);
    assert.deepEqual(window.forbiddenActions, []);
  }

  for (const [name, text, readable] of UNTRUSTED_TEXTS) {
    test(`is rendered as text: ${name}`, async () => {
      const key = text.slice(0, 40);
      const good = await dev.call('biller', { items: ITEMS, order: text, echo: { [key]: text }, print: [text] });
      const bad = await dev.call('labeler', { fail: true, order: text });
      for (const id of [good, bad]) {
        await window.open(dev, `/invocations/${id}`);
        await page.getByRole('heading', { name: 'Event', exact: true }).waitFor();
        await until(async () => (await page.locator('main').innerText()).includes(readable), true);
        // The direction of the text does not affect the heading.
        assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('main h1')).direction), 'ltr');
        await assertHarmless();
      }
      await window.open(dev, `/invocations?q=${encodeURIComponent(text.replace(/[\ud800-\udfff]/g, ''))}`);
      await page.locator('h1').waitFor();
      await assertHarmless();
      await window.open(dev, `/workers/biller/run?from=${good}`);
      await page.locator('textarea').waitFor();
      await assertHarmless();
      await page.goto(`${dev.url}/invocations/${encodeURIComponent(text.replace(/[\ud800-\udfff]/g, ''))}`);
      await page.locator('h1').first().waitFor();
      await assertHarmless();
    });
  }

  test('payload of five megabytes is shown in part', async () => {
    const large = 5 * 1024 * 1024;
    const id = await dev.call('biller', { items: ITEMS, order: 1, large });
    const event = await dev.call('biller', { items: ITEMS, order: 2, echo: 'é<b>'.repeat(large / 5) });
    for (const one of [id, event]) {
      await window.open(dev, `/invocations/${one}`);
      await page.getByRole('heading', { name: 'Response', exact: true }).waitFor();
      const { nodes, length } = await page.evaluate(() => ({ nodes: document.querySelectorAll('*').length, length: document.body.innerText.length }));
      assert.ok(nodes < 5_000 && length < 1_000_000, `${nodes} nodes, ${length} characters`);
      await assertHarmless();
    }
    await window.open(dev, `/workers/biller/run?from=${event}`);
    await until(async () => (await page.locator('textarea').inputValue()).length > large / 5, true);
    await assertHarmless();
  });

  test('thousands of log lines keep the document small', async () => {
    const id = await dev.call('biller', { items: ITEMS, order: 1, print: Array.from({ length: 5_000 }, (_, line) => `line ${line} <i>x</i>`) });
    await window.open(dev, `/invocations/${id}`);
    await page.getByRole('heading', { name: 'Logs', exact: true }).waitFor();
    const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
    assert.ok(nodes < 20_000, `${nodes} nodes`);
    await assertHarmless();
  });
});
