// Every view is for everybody: axe-core finds nothing serious, in light and dark; nothing is cut off at 360 pixels.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { App } from './app.mjs';
import { skip } from './machine.mjs';
import { Browser } from './pages.mjs';

describe('every view', { skip }, () => {
  let app, dev, browser, ids;
  before(async () => {
    app = await App.make();
    dev = await app.start();
    browser = await Browser.launch();
    const good = await dev.call('biller', { order: 1, items: [{ price: 1, count: 1 }], mail: true, later: true, print: ['\u001b[31mred\u001b[0m', '[ERROR] no'] });
    const bad = await dev.call('biller', { order: 2 });
    const dead = await dev.call('labeler', { order: 3, fail: true }, 'Event');
    const { invocation } = await dev.get(`/invocations/${good}`);
    ids = { good, bad, dead, trace: invocation.trace };
  });
  after(async () => {
    await browser?.close();
    await dev?.stop();
    await app?.remove();
  });

  const places = () => [
    '/', '/graph', '/invocations', '/invocations?q=none', `/invocations/${ids.good}`, `/invocations/${ids.bad}`, '/invocations/nothing',
    `/traces/${ids.trace}`, '/workers', '/workers/biller', '/workers/biller/run', '/queue', `/queue/${ids.dead}`, '/builds', '/nothing/here',
  ];

  for (const colorScheme of ['light', 'dark']) {
    test(`has no serious fault of access, ${colorScheme}`, async () => {
      const window = await browser.window({ colorScheme });
      for (const place of places()) {
        await window.open(dev, place);
        await window.page.locator('h1').first().waitFor();
        assert.deepEqual(await window.violations(), [], place);
      }
      const ground = await window.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const light = ground.match(/[\d.]+/g).slice(0, 3).map(Number).every((part) => part > 127);
      assert.equal(light, colorScheme === 'light', ground);
      await window.close();
    });
  }

  test('is dark when one wants it, and stays so', async () => {
    const window = await browser.window({ colorScheme: 'light' });
    const page = await window.open(dev);
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const before = await ground();
    const button = page.getByRole('button', { name: /theme|dark|light|colou?rs/i });
    for (let press = 0; press < 3 && (await ground()) === before; press += 1) await button.click();
    const chosen = await ground();
    assert.notEqual(chosen, before);
    await page.reload();
    await window.live();
    assert.equal(await ground(), chosen);
    await window.close();
  });

  test('fits into 360 pixels', async () => {
    const window = await browser.window({ viewport: { width: 360, height: 740 } });
    for (const place of places()) {
      await window.open(dev, place);
      await window.page.locator('h1').first().waitFor();
      const wide = await window.page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 360, `${place} is ${wide} pixels wide`);
    }
    await window.close();
  });
});
