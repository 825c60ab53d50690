// Benchmarks of the dashboard; prints a table for docs/src/benchmarks.md. Run by `cargo xtask bench dashboard`.

import { gzipSync } from 'node:zlib';
import { TestApp } from './test_app.mjs';
import { skip } from './environment.mjs';
import { Browser, until } from './browser.mjs';

const STORED_INVOCATIONS = 5_000;
const LIVE_EVENTS = 10_000;
const PAGE_LOADS = 9;

if (skip !== false) throw new Error(skip);
const app = await TestApp.create();
const dev = await app.start();
const browser = await Browser.launch();
try {
  const rows = [
    ['JavaScript over the line', '≤ 150 KB', await scriptSize()],
    ['first paint without invocations', '≤ 200 ms', await firstPaint('/')],
  ];
  await dev.volume(STORED_INVOCATIONS, 'mailer', (order) => ({ order, fail: order % 10 === 0 }));
  rows.push([`first paint of the list, ${STORED_INVOCATIONS.toLocaleString('en')} invocations`, '', await firstPaint('/invocations')]);
  rows.push(...(await frameTimes()));
  rows.push(...(await memoryUse()));
  console.log('| what | goal | here |\n| --- | --- | --- |');
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
} finally {
  await browser.close();
  await dev.stop();
  await app.remove();
}

async function scriptSize() {
  const text = await (await fetch(`${dev.url}/app.js`)).arrayBuffer();
  return `${(gzipSync(new Uint8Array(text), { level: 9 }).length / 1024).toFixed(1)} KB`;
}

/** Measures the time from the request to the first contentful paint, in new windows. */
async function firstPaint(path) {
  const times = [];
  for (let load = 0; load < PAGE_LOADS; load += 1) {
    const window = await browser.window();
    const page = await window.open(dev, path);
    const readPaintTime = () => page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null);
    while ((await readPaintTime()) === null) await page.waitForTimeout(10);
    times.push(await readPaintTime());
    await window.close();
  }
  return `${median(times).toFixed(0)} ms (p50 of ${PAGE_LOADS}), ${Math.max(...times).toFixed(0)} ms (slowest)`;
}

/** Measures the time between two frames while the list is scrolled from its start to its end and back. */
async function frameTimes() {
  const window = await browser.window();
  const page = await window.open(dev, '/invocations');
  await until(async () => (await page.locator('.scroller .invocation-row').count()) > 10, true);
  await page.waitForTimeout(1_000);
  const gaps = await page.getByTestId('scroller').evaluate(async (element) => {
    const times = [];
    const maxScroll = element.scrollHeight - element.clientHeight;
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    let last = await frame();
    for (let step = 0; step <= 600; step += 1) {
      element.scrollTop = maxScroll * (step <= 300 ? step / 300 : (600 - step) / 300);
      const now = await frame();
      times.push(now - last);
      last = now;
    }
    return times;
  });
  // The page's own work in a frame: scripts, styles and layout, without the wait for the next frame.
  const work = await page.getByTestId('scroller').evaluate(async (element) => {
    const times = [];
    const maxScroll = element.scrollHeight - element.clientHeight;
    for (let step = 0; step <= 300; step += 1) {
      await new Promise((done) => requestAnimationFrame(done));
      const startedAt = performance.now();
      element.scrollTop = (maxScroll * step) / 300;
      element.dispatchEvent(new Event('scroll'));
      await Promise.resolve();
      await new Promise((done) => queueMicrotask(done));
      void document.body.offsetHeight;
      times.push(performance.now() - startedAt);
    }
    return times;
  });
  await window.close();
  const lateFrames = gaps.filter((gap) => gap > 17.5).length;
  return [
    [`frames while ${STORED_INVOCATIONS.toLocaleString('en')} invocations are scrolled`, '≤ 16.7 ms', `${median(gaps).toFixed(1)} ms (p50), ${quantile(gaps, 0.99).toFixed(1)} ms (p99), ${lateFrames} of ${gaps.length} late`],
    ['the page\'s own work in such a frame', '', `${median(work).toFixed(1)} ms (p50), ${quantile(work, 0.99).toFixed(1)} ms (p99)`],
  ];
}

/** Measures the heap of the page after a garbage collection, while events arrive. */
async function memoryUse() {
  const window = await browser.window();
  const page = await window.open(dev, '/invocations');
  const inspector = await window.context.newCDPSession(page);
  const usedMegabytes = async () => {
    await inspector.send('HeapProfiler.collectGarbage');
    return (await inspector.send('Runtime.getHeapUsage')).usedSize / 1024 / 1024;
  };
  // Each call causes two or three events: the bounded stores are full before the first measurement.
  const sendEvents = () => dev.volume(LIVE_EVENTS / 3, 'mailer', (order) => ({ order }));
  await sendEvents();
  const sizes = [await usedMegabytes()];
  for (let round = 0; round < 3; round += 1) {
    await sendEvents();
    await page.waitForTimeout(500);
    sizes.push(await usedMegabytes());
  }
  await window.close();
  const [first, ...others] = sizes;
  return [[`memory of the page over 3 × ${LIVE_EVENTS.toLocaleString('en')} live events`, 'stable', `${first.toFixed(1)} MB, then ${others.map((size) => size.toFixed(1)).join(', ')} MB`]];
}

function median(values) {
  return quantile(values, 0.5);
}

function quantile(values, fraction) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))];
}
