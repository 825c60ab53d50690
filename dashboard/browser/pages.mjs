// Pages of the dashboard in Chromium. What a page must never do, it is watched for: open a dialog, throw, ask another
// host, break its own rules.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { axe, launch } from './machine.mjs';

/** How long to wait for what has to come. */
const PATIENCE = 20_000;

export class Browser {
  static async launch() {
    return new Browser(await launch());
  }

  constructor(engine) {
    this.engine = engine;
  }

  /** A window of its own, with nothing kept. */
  async window(options = {}) {
    const context = await this.engine.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    const window = new Window(context, page);
    page.on('dialog', (dialog) => {
      window.faults.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('pageerror', (error) => window.faults.push(`an error: ${error.message}`));
    page.on('console', (message) => {
      // What fails while nobody serves is a line of the browser's own.
      if (message.type() === 'error' && !/Failed to load resource|net::ERR_/.test(message.text())) window.faults.push(message.text());
    });
    page.on('request', (request) => {
      if (!/^(http:\/\/127\.0\.0\.1:|data:|blob:http:\/\/127\.0\.0\.1:)/.test(request.url())) window.faults.push(`a request to ${request.url()}`);
    });
    return window;
  }

  close() {
    return this.engine.close();
  }
}

export class Window {
  constructor(context, page) {
    this.context = context;
    this.page = page;
    this.faults = [];
  }

  /** Goes to a view and waits until it is live. */
  async open(dev, path = '/') {
    await this.page.goto(dev.url + path);
    await this.live();
    return this.page;
  }

  async live() {
    await this.page.locator('[data-testid=connection].is-live').waitFor();
  }

  /** Closes it; it must have done nothing that it may not. */
  async close() {
    await this.context.close();
    assert.deepEqual(this.faults, []);
  }

  /** What axe-core finds serious or worse in what is shown. */
  async violations() {
    await this.page.evaluate(await readFile(axe, 'utf8'));
    const found = await this.page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    const serious = found.violations.filter((one) => ['serious', 'critical'].includes(one.impact));
    return serious.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 200)} ${node.failureSummary}`).join(' | ')}`);
  }
}

/** Waits until a question about the page has this answer. */
export async function until(ask, expected) {
  const end = Date.now() + PATIENCE;
  let answer = await ask();
  while (!same(answer, expected) && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    answer = await ask();
  }
  assert.deepEqual(answer, expected);
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}
