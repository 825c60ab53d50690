// How fast the dashboard is, as a table for docs/src/benchmarks.md. Run by `cargo xtask bench dashboard`.

import { gzipSync } from 'node:zlib';
import { App } from './app.mjs';
import { skip } from './machine.mjs';
import { Browser, until } from './pages.mjs';

const CALLS = 5_000;
const LIVE = 10_000;
const LOADS = 9;

if (skip !== false) throw new Error(skip);
const app = await App.make();
const dev = await app.start();
const browser = await Browser.launch();
try {
  const rows = [
    ['JavaScript over the line', '≤ 150 KB', await script()],
    ['first paint, nothing kept', '≤ 200 ms', await paint('/')],
  ];
  await dev.volume(CALLS, 'mailer', (order) => ({ order, fail: order % 10 === 0 }));
  rows.push([`first paint of the list, ${CALLS.toLocaleString('en')} invocations`, '', await paint('/invocations')]);
  rows.push(...(await frames()));
  rows.push(...(await memory()));
  console.log('| what | goal | here |\n| --- | --- | --- |');
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
} finally {
  await browser.close();
  await dev.stop();
  await app.remove();
}

async function script() {
  const text = await (await fetch(`${dev.url}/app.js`)).arrayBuffer();
  return `${(gzipSync(new Uint8Array(text), { level: 9 }).length / 1024).toFixed(1)} KB`;
}

/** From the request to what is seen, in new windows. */
async function paint(path) {
  const times = [];
  for (let load = 0; load < LOADS; load += 1) {
    const window = await browser.window();
    const page = await window.open(dev, path);
    const find = () => page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null);
    while ((await find()) === null) await page.waitForTimeout(10);
    times.push(await find());
    await window.close();
  }
  return `${median(times).toFixed(0)} ms (p50 of ${LOADS}), ${Math.max(...times).toFixed(0)} ms (slowest)`;
}

/** Between two frames while the list is scrolled from its beginning to its end and back. */
async function frames() {
  const window = await browser.window();
  const page = await window.open(dev, '/invocations');
  await until(async () => (await page.locator('.scroller .call-row').count()) > 10, true);
  await page.waitForTimeout(1_000);
  const gaps = await page.getByTestId('scroller').evaluate(async (element) => {
    const all = [];
    const most = element.scrollHeight - element.clientHeight;
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    let last = await frame();
    for (let step = 0; step <= 600; step += 1) {
      element.scrollTop = most * (step <= 300 ? step / 300 : (600 - step) / 300);
      const now = await frame();
      all.push(now - last);
      last = now;
    }
    return all;
  });
  // What the page itself does in a frame: scripts, styles and layout, without waiting for the next one.
  const work = await page.getByTestId('scroller').evaluate(async (element) => {
    const all = [];
    const most = element.scrollHeight - element.clientHeight;
    for (let step = 0; step <= 300; step += 1) {
      await new Promise((done) => requestAnimationFrame(done));
      const began = performance.now();
      element.scrollTop = (most * step) / 300;
      element.dispatchEvent(new Event('scroll'));
      await Promise.resolve();
      await new Promise((done) => queueMicrotask(done));
      void document.body.offsetHeight;
      all.push(performance.now() - began);
    }
    return all;
  });
  await window.close();
  const late = gaps.filter((gap) => gap > 17.5).length;
  return [
    [`frames while ${CALLS.toLocaleString('en')} invocations are scrolled`, '≤ 16.7 ms', `${median(gaps).toFixed(1)} ms (p50), ${quantile(gaps, 0.99).toFixed(1)} ms (p99), ${late} of ${gaps.length} late`],
    ['the page\'s own work in such a frame', '', `${median(work).toFixed(1)} ms (p50), ${quantile(work, 0.99).toFixed(1)} ms (p99)`],
  ];
}

/** Of the page's script, behind a collection of what nobody needs, while events come. */
async function memory() {
  const window = await browser.window();
  const page = await window.open(dev, '/invocations');
  const inspector = await window.context.newCDPSession(page);
  const used = async () => {
    await inspector.send('HeapProfiler.collectGarbage');
    return (await inspector.send('Runtime.getHeapUsage')).usedSize / 1024 / 1024;
  };
  // Each call is two or three of them: what is kept is full before the first look.
  const push = () => dev.volume(LIVE / 3, 'mailer', (order) => ({ order }));
  await push();
  const sizes = [await used()];
  for (let round = 0; round < 3; round += 1) {
    await push();
    await page.waitForTimeout(500);
    sizes.push(await used());
  }
  await window.close();
  const [first, ...others] = sizes;
  return [[`memory of the page over 3 × ${LIVE.toLocaleString('en')} live events`, 'stable', `${first.toFixed(1)} MB, then ${others.map((size) => size.toFixed(1)).join(', ')} MB`]];
}

function median(all) {
  return quantile(all, 0.5);
}

function quantile(all, part) {
  const sorted = [...all].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}
