// Workers that end, kill, block or break their process: what the app sees of it, and that nothing is left behind.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Host, probe, requestIdOf } from './driver.mjs';

async function expectEnd(body, status, before = '') {
  const host = await new Host({ files: probe(body, before) }).ready();
  assert.equal(await host.invoke({}), null, 'there is no answer');
  assert.deepEqual(await host.exited, status);
  return host;
}

test('process.exit in a worker ends the process with that status and loses no print', async () => {
  const host = await expectEnd(`console.log('line'); process.stdout.write('no end'); process.exit(3);`, {
    code: 3,
    signal: null,
  });
  assert.deepEqual(await host.printed(), [
    { requestId: requestIdOf(1), text: 'line' },
    { requestId: requestIdOf(1), text: 'no end' },
  ]);
});

test('process.exit(0) is seen as well', async () => {
  await expectEnd('process.exit(0);', { code: 0, signal: null });
});

test('process.abort and kill -9 end the process by a signal', async () => {
  await expectEnd('process.abort();', { code: null, signal: 'SIGABRT' });
  await expectEnd(`process.kill(process.pid, 'SIGKILL'); await new Promise((r) => setTimeout(r, 60000));`, {
    code: null,
    signal: 'SIGKILL',
  });
});

test('an error nobody catches is FATAL with its own type, and the host ends with 1', async () => {
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

test('an error nobody catches is FATAL whatever was thrown', async () => {
  for (const [thrown, type, message] of [
    ['null', 'string', 'handled'],
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

test('a rejection nobody handles is FATAL as Runtime.UnhandledPromiseRejection', async () => {
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

test('a rejection with something that cannot be made a string is told all the same', async () => {
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

test('a FATAL answer is sent whole behind a large answer that the app has not read yet', async () => {
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

test('an error that comes after the answer is printed, reported as FATAL of that invocation, and loses no later one', async () => {
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

test('a worker in an infinite loop is ended by its process group, children included', async () => {
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

// A killed child that nobody has waited for yet is a zombie: it has no command line any more.
function isAlive(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`).length > 0;
  } catch {
    return false;
  }
}

/** Until `condition` gives something; the runner's own limit ends a test that waits in vain. */
async function waitFor(condition) {
  for (;;) {
    const value = condition();
    if (value) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a constructor and a module that throw are init errors with their own name, and the host ends with 1', async () => {
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

test('a rejection nobody handles while the module is loaded is an init error', async () => {
  const host = new Host({
    files: { 'main.mjs': `Promise.reject(new Error('early')); await new Promise((r) => setTimeout(r, 60000));` },
  });
  const { kind, body } = await host.frame();
  assert.deepEqual([kind, body.errorType], ['INIT_ERROR', 'Runtime.UnhandledPromiseRejection']);
});

test('a top-level await that can never end is an init error that says so', async () => {
  const host = new Host({ files: { 'main.mjs': `await new Promise(() => {}); export class Probe { execute() {} }` } });
  const { kind, body } = await host.frame();
  assert.deepEqual([kind, body.errorType], ['INIT_ERROR', 'Runtime.ExitError']);
  assert.match(body.errorMessage, /never finished loading/);
  assert.equal((await host.exited).code, 1);
});

test('a worker that exits while it is loaded just ends', async () => {
  const host = new Host({ files: { 'main.js': `console.error('leaving'); process.exit(7);` } });
  assert.equal(await host.frame(), null);
  assert.deepEqual(await host.exited, { code: 7, signal: null });
  assert.deepEqual(await host.printed(), [{ requestId: null, text: 'leaving' }]);
});

test('an exit listener of the worker cannot hold the host back after a FATAL answer', async () => {
  const host = await new Host({
    files: probe(
      `setImmediate(() => { throw new Error('x'); }); await new Promise((r) => setTimeout(r, 60000));`,
      `process.on('exit', () => { for (;;); });`,
    ),
  }).ready();
  assert.equal((await host.invoke({})).kind, 'FATAL');
  assert.deepEqual(await host.exited, { code: 1, signal: null });
});
