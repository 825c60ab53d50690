// Pages of the dashboard in Chromium. Records what a page must never do: open a dialog, throw an error, contact another host,
// or violate its content security policy.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { axe, launch } from './environment.mjs';

/** How long to wait for an expected element or value. */
const TIMEOUT_MS = 60_000;

export class Browser {
  static async launch() {
    return new Browser(await launch());
  }

  constructor(engine) {
    this.engine = engine;
  }

  /** Opens a window with an empty profile. */
  async window(options = {}) {
    const context = await this.engine.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options });
    context.setDefaultTimeout(TIMEOUT_MS);
    const page = await context.newPage();
    const window = new Window(context, page);
    page.on('dialog', (dialog) => {
      window.forbiddenActions.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('pageerror', (error) => window.forbiddenActions.push(`an error: ${error.message}`));
    page.on('console', (message) => {
      // The browser itself logs failed requests while the server is down.
      if (message.type() === 'error' && !/Failed to load resource|net::ERR_/.test(message.text())) window.forbiddenActions.push(message.text());
    });
    page.on('request', (request) => {
      if (!/^(http:\/\/127\.0\.0\.1:|data:|blob:http:\/\/127\.0\.0\.1:)/.test(request.url())) window.forbiddenActions.push(`a request to ${request.url()}`);
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
    this.forbiddenActions = [];
  }

  /** Opens a page and waits until it is connected. */
  async open(dev, path = '/') {
    await this.page.goto(dev.url + path);
    await this.live();
    return this.page;
  }

  async live() {
    await this.page.locator('[data-testid=connection].is-live').waitFor();
  }

  /** Closes the window and asserts that the page did nothing forbidden. */
  async close() {
    await this.context.close();
    assert.deepEqual(this.forbiddenActions, []);
  }

  /** Returns the violations of the current page that axe-core rates serious or critical. */
  async violations() {
    await this.page.evaluate(await readFile(axe, 'utf8'));
    const found = await this.page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    const serious = found.violations.filter((violation) => ['serious', 'critical'].includes(violation.impact));
    return serious.map((violation) => `${violation.id}: ${violation.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 200)} ${node.failureSummary}`).join(' | ')}`);
  }
}

/** Waits until `query` returns `expected`. */
export async function until(query, expected) {
  const deadline = Date.now() + TIMEOUT_MS;
  let value = await query();
  while (!isEqual(value, expected) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    value = await query();
  }
  assert.deepEqual(value, expected);
}

function isEqual(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}
