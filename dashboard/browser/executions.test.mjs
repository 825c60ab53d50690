// Executions of durable workers: the list, an execution with its operations, and what a person does with it.

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TestApp } from './test_app.mjs';
import { skip, target } from './environment.mjs';
import { Browser, until } from './browser.mjs';

const FLOW = `import os, sys
sys.path.append(os.environ["DURABLE_SDK"])
from bedrock.workers.worker import Worker


class Flow(Worker):
    def execute(self, event, context):
        charged = context.step(lambda _: {"card": event["card"], "total": 7}, name="charge <b>it</b>")
        callback = context.create_callback(name="approval")
        answer = callback.result()
        return {"answer": answer, "total": charged["total"], "card": event["card"]}
`;

/** Returns the folder of AWS's SDK for Python, or `undefined` if it is not installed. */
function sdk() {
  const lib = join(target, 'tools/durable/lib');
  if (!existsSync(lib)) return undefined;
  return readdirSync(lib).map((version) => join(lib, version, 'site-packages')).find((folder) => existsSync(folder));
}

describe('executions', { skip: skip || (sdk() === undefined && 'AWS\'s SDK is not installed: run `cargo xtask setup`') }, () => {
  let app, dev, browser, window, page;
  before(async () => {
    app = await TestApp.create();
    await app.save('workers/mailer/main.py', FLOW.replace('Flow', 'Mailer'));
    await app.delete('workers/mailer/main.js');
    const settings = `\n[package.metadata.bedrock.workers.mailer]\ndurable = { timeout = "30d" }\nredact = ["card"]\nenv = { DURABLE_SDK = "${sdk()}" }\n`;
    await app.save('Cargo.toml', (await app.read('Cargo.toml')) + settings);
    dev = await app.start();
    browser = await Browser.launch();
    window = await browser.window();
    page = await window.open(dev);
  });
  after(async () => {
    await window?.close();
    await browser?.close();
    await dev?.stop();
    await app?.remove();
  });

  /** Starts an execution, and returns its id when it waits for the callback. */
  const start = async () => {
    const known = (await dev.get('/executions')).total;
    await dev.call('mailer', { card: '4111-secret' }, 'Event');
    await until(async () => (await dev.get('/executions')).total, known + 1);
    const { execution_id: id } = (await dev.get('/executions')).executions[0];
    await until(async () => (await dev.get(`/executions/${id}`)).execution.operations.some((one) => one.callback_id !== null), true);
    return id;
  };

  test('empty list shows a first step', async () => {
    await window.open(dev, '/');
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Executions' }).click();
    await page.getByText('No executions yet.').waitFor();
    await page.getByText('cargo bedrock invoke mailer --event').waitFor();
  });

  test('callback is answered with JSON, and results are redacted', async () => {
    const id = await start();
    await window.open(dev, '/executions');
    const row = page.getByRole('row').filter({ hasText: 'mailer' });
    await row.getByText('running').waitFor();
    await row.getByRole('link').click();
    await page.getByRole('heading', { level: 1 }).getByText('running').waitFor();
    const operations = page.getByRole('region', { name: 'Operations' });
    await until(() => operations.locator('li').count(), 2);
    await operations.getByText('charge <b>it</b>').click();
    await operations.getByText('«redacted»').waitFor();
    assert.equal((await page.content()).includes('4111-secret'), false);
    const field = operations.getByLabel(/^Answer/);
    await field.fill('{"approved": ');
    assert.equal(await operations.getByRole('button', { name: 'Send success to approval' }).isDisabled(), true);
    await field.fill('{"approved": true}');
    assert.deepEqual(await window.violations(), []);
    await operations.getByRole('button', { name: 'Send success to approval' }).click();
    await page.getByRole('heading', { level: 1 }).getByText('succeeded').waitFor();
    await page.getByRole('region', { name: 'Result' }).last().getByText('approved').waitFor();
    assert.equal((await page.content()).includes('4111-secret'), false);
    const { execution } = await dev.get(`/executions/${id}`);
    assert.equal(execution.status, 'SUCCEEDED');
    const replay = execution.invocations.at(-1).request_id;
    await page.getByRole('region', { name: 'Invocations' }).getByRole('link', { name: replay.slice(0, 8) }).click();
    await until(() => new URL(page.url()).pathname, `/invocations/${replay}`);
  });

  test('callback is answered with a failure', async () => {
    const id = await start();
    await window.open(dev, `/executions/${id}`);
    await page.getByLabel(/^Answer/).fill('no <i>money</i>');
    await page.getByRole('button', { name: 'Send failure to approval' }).click();
    await page.getByRole('heading', { level: 1 }).getByText('failed').waitFor();
    await page.getByRole('region', { name: 'Error' }).getByText('no <i>money</i>').waitFor();
    assert.equal(await page.locator('main i:text("money"), main b:text("it")').count(), 0);
  });

  test('execution is paused, resumed, and stopped after confirmation', async () => {
    const id = await start();
    await window.open(dev, `/executions/${id}`);
    const heading = page.getByRole('heading', { level: 1 });
    await page.getByRole('button', { name: 'Pause' }).click();
    await heading.getByText('paused').waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await heading.getByText('running').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Stop', exact: true }).click();
    await heading.getByText('stopped').waitFor();
    await until(async () => (await dev.get(`/executions/${id}`)).execution.status, 'STOPPED');
    assert.equal(await page.getByRole('button', { name: /^(Pause|Stop)$/ }).count(), 0);
  });

  test('execution that keeps old code gets the current code', async () => {
    const id = await start();
    await app.save('workers/mailer/main.py', FLOW.replace('Flow', 'Mailer').replace('name="charge', 'name="bill'));
    await until(async () => (await dev.get(`/executions/${id}`)).execution.code, 'old');
    await window.open(dev, '/executions');
    await page.getByRole('row').filter({ hasText: id.slice(0, 8) }).getByText('old code').waitFor();
    await window.open(dev, `/executions/${id}`);
    await page.getByRole('button', { name: 'Use the current code' }).click();
    await until(async () => (await dev.get(`/executions/${id}`)).execution.code, 'current');
    await until(() => page.getByRole('button', { name: 'Use the current code' }).count(), 0);
  });

  test('unknown execution is an error, and the pages fit into 360 pixels', async () => {
    await window.open(dev, '/executions/none');
    await page.getByRole('alert').getByText('The execution cannot be shown').waitFor();
    const { execution_id: id } = (await dev.get('/executions')).executions[0];
    const narrow = await browser.window({ viewport: { width: 360, height: 740 } });
    for (const path of ['/executions', `/executions/${id}`]) {
      await narrow.open(dev, path);
      await narrow.page.locator('main time').first().waitFor();
      const wide = await narrow.page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 360, `${path} is ${wide} pixels wide`);
    }
    await narrow.close();
  });
});
