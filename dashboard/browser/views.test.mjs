// The tasks of a user of the dashboard: look, filter, run, run again, save as a test, retry; with mouse and keyboard.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { TestApp } from './test_app.mjs';
import { skip } from './environment.mjs';
import { Browser, until } from './browser.mjs';

const ITEMS = [{ price: 3, count: 2 }];

describe('dashboard pages', { skip }, () => {
  let app, dev, browser, window, page;
  before(async () => {
    app = await TestApp.create();
    dev = await app.start(0, '--clock', 'fast');
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

  const rows = () => page.locator('.invocation-row.is-ok, .invocation-row.is-error, .invocation-row.is-running, .invocation-row.is-timeout');

  test('empty pages show a first step', async () => {
    await page.goto(`${dev.url}/invocations`);
    await page.getByText('No invocations yet.').waitFor();
    await page.getByText(`curl http://endpoint.localhost:${dev.port}/`).waitFor();
    await page.goto(`${dev.url}/queue`);
    await page.getByText('The async queue is empty.').waitFor();
    await page.goto(`${dev.url}/none/of/these`);
    await page.locator('main').getByText('/none/of/these').waitFor();
    await page.locator('main').getByRole('link').first().waitFor();
  });

  test('invocation list shows new invocations and their results', async () => {
    await window.open(dev, '/invocations');
    const id = await dev.call('biller', { order: 7, items: ITEMS });
    await page.locator(`a[href="/invocations/${id}"]`).waitFor();
    await dev.call('biller', { order: 8 });
    await page.getByText("KeyError: 'items'").first().waitFor();
    await until(() => rows().count(), 2);
  });

  test('worker page shows the types of its contract', async () => {
    const contract = { 'x-contract': 1, properties: { event: { type: 'object' }, response: { type: 'object' } } };
    await app.save('workers/labeler/contract.json', JSON.stringify(contract));
    await window.open(dev, '/workers/labeler');
    await page.getByText('event: { [name: string]: any }').waitFor();
    await app.delete('workers/labeler/contract.json');
  });

  test('filter is stored in the URL and searches payloads', async () => {
    await dev.call('biller', { order: 9, items: ITEMS, echo: 'a needle in hay' });
    await window.open(dev, '/invocations');
    await page.getByRole('combobox', { name: 'Outcome' }).selectOption('error');
    await until(() => rows().count(), 1);
    assert.equal(new URL(page.url()).search, '?outcome=error');
    await page.reload();
    await until(() => rows().count(), 1);
    await page.getByRole('link', { name: 'Clear' }).click();
    await until(() => rows().count(), 3);
    await page.getByRole('searchbox').fill('needle');
    await until(() => rows().count(), 1);
    await page.getByRole('searchbox').fill('nothing has this');
    await page.getByText('No invocation matches the filter.').waitFor();
  });

  test('history navigation and reload keep the page', async () => {
    await window.open(dev, '/');
    const navigation = page.getByRole('navigation', { name: 'Pages' });
    await navigation.getByRole('link', { name: 'Invocations' }).click();
    const link = page.locator('.invocation-worker a').first();
    const href = await link.getAttribute('href');
    await link.click();
    await until(() => new URL(page.url()).pathname, href);
    await page.getByRole('heading', { level: 1 }).getByText('biller').waitFor();
    await page.goBack();
    await until(() => new URL(page.url()).pathname, '/invocations');
    await page.locator('.invocation-row').first().waitFor();
    await page.goForward();
    await page.getByRole('heading', { level: 1 }).getByText('biller').waitFor();
    await page.reload();
    await page.getByRole('heading', { level: 1 }).getByText('biller').waitFor();
  });

  test('run page runs edited events and rejects invalid JSON', async () => {
    await window.open(dev, '/workers/biller/run');
    const editor = page.locator('textarea');
    await editor.fill('{"order": 1, "items": [');
    assert.equal(await page.getByRole('button', { name: 'Run', exact: true }).isDisabled(), true);
    await editor.fill('{"order": 1, "items": [{"price": 5, "count": 5}]}');
    await editor.press('Control+Enter');
    await page.getByText('25').first().waitFor();
    const id = (await dev.get('/invocations?limit=1')).invocations[0].request_id;
    await window.open(dev, `/invocations/${id}`);
    await page.getByRole('link', { name: 'Edit and run' }).click();
    await until(async () => JSON.parse((await editor.inputValue()) || '{}').order, 1);
    await editor.fill((await editor.inputValue()).replaceAll('5', '4'));
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByText('16').first().waitFor();
  });

  test('run again sends the original event including redacted fields', async () => {
    const id = await dev.call('biller', { order: 3, items: ITEMS, card: 's3cret', echo: 12345678901234567890n.toString() });
    await window.open(dev, `/invocations/${id}`);
    assert.equal((await page.content()).includes('s3cret'), false);
    await page.getByText('«redacted»').first().waitFor();
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.waitForURL((url) => url.pathname.startsWith('/invocations/') && !url.pathname.endsWith(id));
    await page.locator('.facts').getByText('Replay of').waitFor();
    const replayId = decodeURIComponent(new URL(page.url()).pathname.split('/').at(-1));
    const { invocation } = await dev.get(`/invocations/${replayId}`);
    assert.equal(invocation.outcome, 'ok');
    assert.equal(invocation.event.bytes, (await dev.get(`/invocations/${id}`)).invocation.event.bytes);
  });

  test('run again of an evicted event runs nothing and offers editing', async () => {
    const id = await dev.call('biller', { order: 5, items: ITEMS, card: 's3cret' });
    await window.open(dev, `/invocations/${id}`);
    await page.route('**/replay?*', (route) => route.fulfill({ status: 410, json: { error: { message: 'evicted' } } }));
    const posted = [];
    const recordPost = (request) => request.method() === 'POST' && posted.push(new URL(request.url()).pathname);
    page.on('request', recordPost);
    await page.getByRole('button', { name: 'Run again' }).click();
    const alert = page.getByRole('alert').filter({ hasText: 'its event is no longer stored' });
    await alert.waitFor();
    assert.deepEqual(posted, [`/_bedrock/v1/invocations/${id}/replay`]);
    page.off('request', recordPost);
    await page.unroute('**/replay?*');
    await alert.getByRole('link', { name: 'Edit and run' }).click();
    await page.getByText('Some fields are hidden').waitFor();
  });

  test('copy contains the full event or notes what is missing', async () => {
    await window.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const button = page.getByRole('button', { name: 'Copy as cargo bedrock invoke' });
    const clipboardText = () => page.evaluate(() => navigator.clipboard.readText());
    const short = await dev.call('biller', { order: 6, items: ITEMS, card: 's3cret' });
    await window.open(dev, `/invocations/${short}`);
    await page.getByRole('status').filter({ hasText: 'copied as «redacted»' }).waitFor();
    const long = JSON.stringify({ order: 7, items: ITEMS, echo: 'x'.repeat(100_000) });
    const id = await dev.call('biller', long);
    await window.open(dev, `/invocations/${id}`);
    await page.route('**/event', (route) => route.fulfill({ status: 410, json: { error: { message: 'evicted' } } }));
    await button.click();
    await page.getByRole('status').filter({ hasText: 'only its beginning is copied' }).waitFor();
    await page.unroute('**/event');
    await window.open(dev, `/invocations/${id}`);
    await button.click();
    await until(clipboardText, `cargo bedrock invoke biller --payload - <<'EVENT'\n${long}\nEVENT\n`);
  });

  test('save as test writes a test file', async () => {
    const id = await dev.call('biller', { order: 4, items: ITEMS });
    await window.open(dev, `/invocations/${id}`);
    await page.getByRole('button', { name: 'Save as test' }).click();
    const dialog = page.getByRole('dialog');
    const file = `tests/biller_${id.slice(0, 8)}.rs`;
    await dialog.getByText(file).waitFor();
    assert.match(await app.read(file), /biller_returns_the_same_response/);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Save as test' }).click();
    await page.getByText('already exists').waitFor();
  });

  test('dead letters can be retried, and dropped after confirmation', async () => {
    await dev.call('labeler', { order: 1, fail: true }, 'Event');
    await dev.call('labeler', { order: 2, fail: true }, 'Event');
    await window.open(dev, '/queue');
    const deadLetters = page.getByRole('region', { name: 'Dead letters' });
    await until(() => deadLetters.locator('li').count(), 2);
    await deadLetters.getByText('ValueError: no label for 1').waitFor();
    await page.getByRole('link', { name: /Async queue.*2 dead letters/ }).waitFor();
    await app.edit('workers/labeler/main.py', 'if event.get("fail"):', 'if event.get("never"):');
    await page.goto(`${dev.url}/builds`);
    await page.getByText('workers/labeler/main.py').first().waitFor();
    await window.open(dev, '/queue');
    await deadLetters.getByRole('button', { name: /^Retry/ }).first().click();
    await until(() => deadLetters.locator('li').count(), 1);
    await deadLetters.getByRole('button', { name: /^Drop/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Drop', exact: true }).click();
    await page.getByText('The async queue is empty.').waitFor();
  });

  test('waterfall shows a trace across languages', async () => {
    const id = await dev.call('biller', { order: 5, items: ITEMS, mail: true, later: true });
    await window.open(dev, `/invocations/${id}`);
    const { invocation } = await dev.get(`/invocations/${id}`);
    await page.getByRole('link', { name: invocation.trace.slice(0, 20) }).first().click();
    await until(() => new URL(page.url()).pathname, `/traces/${invocation.trace}`);
    for (const worker of ['biller', 'mailer', 'labeler']) await page.locator('main').getByText(worker).first().waitFor();
    await page.reload();
    await page.locator('main').getByText('mailer').first().waitFor();
  });

  test('call graph shows observed calls', async () => {
    await window.open(dev, '/graph');
    for (const worker of ['biller', 'mailer', 'labeler']) await page.locator('main').getByText(worker, { exact: true }).first().waitFor();
    const svg = await fetch(`${dev.url}/_bedrock/v1/graph.svg`);
    assert.match(await svg.text(), /^<svg[^]*biller/);
  });

  test('call graph shows the settings of resources', async () => {
    await window.open(dev, '/graph');
    await page.locator('[data-edge="queue labels>labeler"]').waitFor({ state: 'attached' });
    await page.locator('[data-edge="labeler>bucket printed"]').waitFor({ state: 'attached' });
    await page.locator('[data-node="queue labels"]').click();
    const queue = page.getByRole('region', { name: 'Settings of queue labels' });
    await queue.getByText('partial failures').waitFor();
    assert.match(await queue.innerText(), /Invokes labeler[^]*batch size\s+5/);
    await page.locator('[data-node="bucket printed"]').focus();
    await page.keyboard.press('Enter');
    const bucket = page.getByRole('region', { name: 'Settings of bucket printed' });
    await bucket.getByText('SHOP_BUCKET_PRINTED').waitFor();
    assert.match(await bucket.innerText(), /Used by labeler[^]*access\s+write/);
    const { resources, triggers } = await (await fetch(`${dev.url}/_bedrock/v1/app`)).json();
    assert.deepEqual(triggers, [{ kind: 'queue', name: 'labels', to: 'labeler' }]);
    assert.deepEqual(resources.map(({ from, kind, name, access }) => ({ from, kind, name, access })), [{ from: 'labeler', kind: 'bucket', name: 'printed', access: ['write'] }]);
    await page.getByRole('link', { name: 'Close' }).click();
    await until(() => new URL(page.url()).search, '');
  });

  test('banner shows a failed build until a build succeeds', async () => {
    await window.open(dev, '/invocations');
    const main = await app.read('src/main.rs');
    await app.save('src/main.rs', `${main}\nfn broken( {}\n`);
    const banner = page.getByRole('alert').filter({ hasText: 'failed' });
    // The compile may wait for compiles of other tests in the same target folder.
    await banner.waitFor({ timeout: 300_000 });
    await page.goto(`${dev.url}/builds`);
    await page.locator('main').getByText(/failed to compile/).first().waitFor();
    // The compiler's own message with its location.
    await page.locator('main').getByText(/src\/main\.rs:\d+:\d+/).first().waitFor();
    await app.save('src/main.rs', main);
    await window.open(dev, '/invocations');
    await banner.waitFor({ state: 'detached', timeout: 300_000 });
  });

  test('every page can be used with the keyboard', async () => {
    await window.open(dev, '/');
    await page.locator('body').press('g');
    await page.keyboard.press('i');
    await until(() => new URL(page.url()).pathname, '/invocations');
    await page.locator('.invocation-row').nth(1).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await until(() => page.evaluate(() => document.activeElement?.closest('.invocation-row')?.getAttribute('aria-rowindex')), '3');
    const href = await page.evaluate(() => document.activeElement.getAttribute('href'));
    await page.keyboard.press('Enter');
    await until(() => new URL(page.url()).pathname, href);
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('/');
    await until(() => page.evaluate(() => document.activeElement?.getAttribute('type')), 'search');
    await page.keyboard.type('KeyError');
    await until(() => rows().count(), 1);
    await page.keyboard.press('Escape');
    // Every focused element has a visible focus indicator.
    await page.goto(`${dev.url}/workers/biller/run`);
    await page.locator('textarea').waitFor();
    for (let step = 0; step < 12; step += 1) {
      await page.keyboard.press('Tab');
      const isFocusVisible = await page.evaluate(() => {
        const element = document.activeElement;
        if (!element || element === document.body) return true;
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
        return (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none' || element.closest(':focus-within') !== null;
      });
      assert.equal(isFocusVisible, true);
    }
  });
});
