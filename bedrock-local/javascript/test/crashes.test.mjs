// Tests of workers that end, kill, block or break their process: what the app sees, and that no process remains.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Host, consoleText, probe, requestIdOf } from './driver.mjs';

async function expectEnd(body, status, before = '') {
  const host = await new Host({ files: probe(body, before) }).ready();
  assert.equal(await host.invoke({}), null, 'there is no response');
  assert.deepEqual(await host.exited, status);
  return host;
}

test('process.exit ends the host with its status and no lost output', async () => {
  const host = await expectEnd(`console.log('line'); process.stdout.write('no end'); process.exit(3);`, {
    code: 3,
    signal: null,
  });
  assert.deepEqual(
    (await host.printed()).map(({ requestId, text }) => [requestId, consoleText(text)]),
    [
      [requestIdOf(1), 'line'],
      [requestIdOf(1), 'no end'],
    ],
  );
});

test('process.exit(0) ends the host with status 0', async () => {
  await expectEnd('process.exit(0);', { code: 0, signal: null });
});

test('process.abort and SIGKILL end the host by a signal', async () => {
  await expectEnd('process.abort();', { code: null, signal: 'SIGABRT' });
  await expectEnd(`process.kill(process.pid, 'SIGKILL'); await new Promise((r) => setTimeout(r, 60000));`, {
    code: null,
    signal: 'SIGKILL',
  });
});

test('uncaught error is FATAL with its type and exits with 1', async () => {
  const host = await new Host({
    files: probe(
      `setTimeout(() => { throw new RangeError('in a timer'); }, 1); process.stdout.write('before'); await new Promise((r) => setTimeout(r, 60000));`,
    ),
  }).ready();
  const frame = await host.invoke({}, { id: 12 });
  assert.deepEqual(
    [frame.kind, frame.id, frame.body.errorType, frame.body.errorMessage],
    ['FATAL', 12, 'RangeError', 'in a timer'],
  );
  assert.match(frame.body.trace[1], /main\.js/);
  assert.deepEqual(await host.exited, { code: 1, signal: null });
  assert.deepEqual(await host.printed(), [{ requestId: requestIdOf(12), text: 'before' }]);
});

test('uncaught value of any type is FATAL', async () => {
  for (const [thrown, type, message] of [
    ['null', 'object', 'null'],
    ['undefined', 'undefined', 'undefined'],
    ['"text"', 'string', 'text'],
    ['Object.create(null)', 'handled', /problem while/],
  ]) {
    const host = await new Host({
      files: probe(`setImmediate(() => { throw ${thrown}; }); await new Promise((r) => setTimeout(r, 60000));`),
    }).ready();
    const { kind, body } = await host.invoke({});
    assert.deepEqual([kind, body.errorType], ['FATAL', type]);
    if (message instanceof RegExp) assert.match(body.errorMessage, message);
    else assert.equal(body.errorMessage, message);
    assert.equal((await host.exited).code, 1);
  }
});

test('unhandled rejection is FATAL', async () => {
  const host = await new Host({
    files: probe(`Promise.reject(new TypeError('forgotten')); await new Promise((r) => setTimeout(r, 60000));`),
  }).ready();
  const { kind, body } = await host.invoke({});
  assert.deepEqual(
    [kind, body.errorType, body.errorMessage],
    ['FATAL', 'Runtime.UnhandledPromiseRejection', 'TypeError: forgotten'],
  );
  assert.deepEqual(body.trace.slice(0, 2), [
    'Runtime.UnhandledPromiseRejection: TypeError: forgotten',
    'TypeError: forgotten',
  ]);
  assert.match(body.trace[2], /main\.js/);
  assert.deepEqual(await host.exited, { code: 1, signal: null });
});

test('unhandled rejection of an unprintable value is reported', async () => {
  const host = await new Host({
    files: probe('Promise.reject(Object.create(null)); await new Promise((r) => setTimeout(r, 60000));'),
  }).ready();
  assert.deepEqual((await host.invoke({})).body.errorMessage, 'object');
  const hostile = await new Host({
    files: probe(
      'Promise.reject({ get name() { throw 1; }, get message() { throw 1; }, toString() { throw 1; } }); await new Promise((r) => setTimeout(r, 60000));',
    ),
  }).ready();
  assert.deepEqual((await hostile.invoke({})).body.errorType, 'Runtime.UnhandledPromiseRejection');
});

test('worker that listens to uncaught errors survives them', async () => {
  for (const [listener, code] of [
    ['uncaughtException', `setImmediate(() => { throw new Error('in a timer'); });`],
    ['unhandledRejection', `Promise.reject(new Error('forgotten'));`],
    ['uncaughtException', `Promise.reject(new Error('forgotten'));`],
  ]) {
    const host = await new Host({
      files: probe(
        `${code} await new Promise((done) => setTimeout(done, 5)); return heard;`,
        `let heard = ''; process.on('${listener}', (error) => { heard = error.message; });`,
      ),
    }).ready();
    assert.match(await host.call({}), /in a timer|forgotten/, `${listener}: ${code}`);
  }
});

test('FATAL frame is sent completely after a large response', async () => {
  const host = await new Host({
    files: probe(
      `if (event === 'big') return 'x'.repeat(8e6); setImmediate(() => { throw new Error('after'); }); await new Promise((r) => setTimeout(r, 60000));`,
    ),
  }).ready();
  host.socket.pause();
  host.send('big');
  host.send('fatal');
  host.socket.resume();
  assert.equal((await host.frame()).body.length, 8e6);
  assert.deepEqual([(await host.frame()).kind, (await host.exited).code], ['FATAL', 1]);
});

test('late error is FATAL of its invocation and keeps later ones', async () => {
  const host = await new Host({
    files: probe(
      `if (event === 'late') setImmediate(() => { throw new Error('late'); }); if (event === 'floating') Promise.reject(new Error('floating')); return event;`,
    ),
  }).ready();
  for (const event of ['late', 'floating']) {
    const id = host.send(event);
    assert.deepEqual(
      [(await host.frame()).kind, await host.frame().then((f) => [f.kind, f.id])],
      ['RESPONSE', ['FATAL', id]],
    );
    assert.equal(await host.call('next'), 'next');
  }
  assert.deepEqual(await host.end(), { code: 0, signal: null });
  const errors = host.lines.filter((line) => line.text.startsWith('Error: '));
  assert.deepEqual(errors, [
    { requestId: requestIdOf(1), text: 'Error: late' },
    { requestId: requestIdOf(3), text: 'Error: floating' },
  ]);
});

test('infinite loop is ended with its process group', async () => {
  const host = await new Host({
    files: probe(
      `const child = require('child_process').spawn('sleep', ['600']); require('fs').writeSync(1, 'child ' + child.pid + '\\n'); for (;;);`,
    ),
  }).ready();
  host.send({});
  const child = await waitFor(() => host.lines.map((line) => /^child (\d+)/.exec(line.text)?.[1]).find(Boolean));
  host.kill();
  assert.deepEqual(await host.exited, { code: null, signal: 'SIGKILL' });
  await waitFor(() => !isAlive(Number(child)));
});

// A killed child whose parent has not waited for it is a zombie without a command line.
function isAlive(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`).length > 0;
  } catch {
    return false;
  }
}

/** Waits until `condition` returns a value. The runner's timeout ends a test that waits too long. */
async function waitFor(condition) {
  for (;;) {
    const value = condition();
    if (value) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('exception of module or constructor is an init error', async () => {
  for (const files of [
    { 'main.js': `class Probe { constructor() { throw new RangeError('broken'); } execute() {} }` },
    { 'main.js': `throw new RangeError('broken');` },
    { 'main.mjs': `throw new RangeError('broken');` },
    { 'main.mjs': `await Promise.reject(new RangeError('broken')); export class Probe { execute() {} }` },
    {
      'main.mjs': `setImmediate(() => { throw new RangeError('broken'); }); await new Promise((r) => setTimeout(r, 60000));`,
    },
  ]) {
    const host = new Host({ files });
    const { kind, body } = await host.frame();
    assert.deepEqual(
      [kind, body.errorType, body.errorMessage],
      ['INIT_ERROR', 'RangeError', 'broken'],
      JSON.stringify(files),
    );
    assert.deepEqual(await host.exited, { code: 1, signal: null });
  }
});

test('unhandled rejection during import is an init error', async () => {
  const host = new Host({
    files: { 'main.mjs': `Promise.reject(new Error('early')); await new Promise((r) => setTimeout(r, 60000));` },
  });
  const { kind, body } = await host.frame();
  assert.deepEqual([kind, body.errorType], ['INIT_ERROR', 'Runtime.UnhandledPromiseRejection']);
});

test('top-level await that never settles is an init error', async () => {
  const host = new Host({ files: { 'main.mjs': `await new Promise(() => {}); export class Probe { execute() {} }` } });
  const { kind, body } = await host.frame();
  assert.deepEqual([kind, body.errorType], ['INIT_ERROR', 'Runtime.ExitError']);
  assert.match(body.errorMessage, /never finished loading/);
  assert.equal((await host.exited).code, 1);
});

test('process.exit during import ends the host', async () => {
  const host = new Host({ files: { 'main.js': `console.error('leaving'); process.exit(7);` } });
  assert.equal(await host.frame(), null);
  assert.deepEqual(await host.exited, { code: 7, signal: null });
  const [{ requestId, text }] = await host.printed();
  assert.deepEqual([requestId, consoleText(text)], [null, 'leaving']);
});

test('exit listener of the worker does not block after FATAL', async () => {
  const host = await new Host({
    files: probe(
      `setImmediate(() => { throw new Error('x'); }); await new Promise((r) => setTimeout(r, 60000));`,
      `process.on('exit', () => { for (;;); });`,
    ),
  }).ready();
  assert.equal((await host.invoke({})).kind, 'FATAL');
  assert.deepEqual(await host.exited, { code: 1, signal: null });
});
