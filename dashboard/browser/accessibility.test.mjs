// Accessibility of every page: axe-core finds no serious violation in light and dark themes, and nothing is cut off at 360 pixels.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { TestApp } from './test_app.mjs';
import { skip } from './environment.mjs';
import { Browser } from './browser.mjs';

describe('every page', { skip }, () => {
  let app, dev, browser, ids;
  before(async () => {
    app = await TestApp.create();
    dev = await app.start();
    browser = await Browser.launch();
    const good = await dev.call('biller', { order: 1, items: [{ price: 1, count: 1 }], mail: true, later: true, print: ['\u001b[31mred\u001b[0m', '[ERROR] no'] });
    const bad = await dev.call('biller', { order: 2 });
    const deadLetter = await dev.call('labeler', { order: 3, fail: true }, 'Event');
    const { invocation } = await dev.get(`/invocations/${good}`);
    ids = { good, bad, deadLetter, trace: invocation.trace };
  });
  after(async () => {
    await browser?.close();
    await dev?.stop();
    await app?.remove();
  });

  const paths = () => [
    '/', '/graph', '/graph?resource=queue%20labels', '/invocations', '/invocations?q=none', `/invocations/${ids.good}`, `/invocations/${ids.bad}`, '/invocations/nothing',
    `/traces/${ids.trace}`, '/workers', '/workers/biller', '/workers/biller/run', '/queue', `/queue/${ids.deadLetter}`, '/builds', '/nothing/here',
  ];

  for (const colorScheme of ['light', 'dark']) {
    test(`has no serious accessibility violation, ${colorScheme}`, async () => {
      const window = await browser.window({ colorScheme });
      for (const path of paths()) {
        await window.open(dev, path);
        await window.page.locator('h1').first().waitFor();
        assert.deepEqual(await window.violations(), [], path);
      }
      const background = await window.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const light = background.match(/[\d.]+/g).slice(0, 3).map(Number).every((part) => part > 127);
      assert.equal(light, colorScheme === 'light', background);
      await window.close();
    });
  }

  test('dark theme can be chosen and is stored', async () => {
    const window = await browser.window({ colorScheme: 'light' });
    const page = await window.open(dev);
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const before = await background();
    const button = page.getByRole('button', { name: /theme|dark|light|colou?rs/i });
    for (let press = 0; press < 3 && (await background()) === before; press += 1) await button.click();
    const chosen = await background();
    assert.notEqual(chosen, before);
    await page.reload();
    await window.live();
    assert.equal(await background(), chosen);
    await window.close();
  });

  test('fits into 360 pixels', async () => {
    const window = await browser.window({ viewport: { width: 360, height: 740 } });
    for (const path of paths()) {
      await window.open(dev, path);
      await window.page.locator('h1').first().waitFor();
      const wide = await window.page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 360, `${path} is ${wide} pixels wide`);
    }
    await window.close();
  });
});
