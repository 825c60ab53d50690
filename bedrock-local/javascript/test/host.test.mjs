// Tests of successful invocations, seen from the app's end of the socket.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ARN, Host, invokeFrame, probe, requestIdOf, workerFolder } from './driver.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const echo = probe('return event;');

test('host sends READY once and responds with the invocation ids', async () => {
  const host = await new Host({ files: echo }).ready();
  assert.deepEqual(await host.invoke({ a: 1 }, { id: 7 }), {
    kind: 'RESPONSE',
    id: 7,
    text: '{"a":1}',
    body: { a: 1 },
  });
  const large = 2 ** 52 + 3;
  assert.equal((await host.invoke({}, { id: large })).id, large);
  assert.deepEqual(await host.end(), { code: 0, signal: null });
});

test('invocation before READY is run after it', async () => {
  const host = new Host({ files: echo });
  host.send('early', { id: 1 });
  host.send('earlier', { id: 2 });
  assert.equal((await host.frame()).kind, 'READY');
  assert.deepEqual([(await host.frame()).body, (await host.frame()).body], ['early', 'earlier']);
});

test('JSON values round trip, including Unicode and NUL', async () => {
  const host = await new Host({ files: echo }).ready();
  for (const value of [
    null,
    true,
    false,
    0,
    -1.5e300,
    '',
    'grüße 日本語 👩‍🚀 \u0000 \u2028 "\\',
    [],
    {},
    [[{ ключ: 'значение' }]],
    { __proto__x: 1 },
  ]) {
    assert.deepEqual(await host.call(value), value);
  }
  assert.equal((await host.invoke(null, { text: '"\\ud800"' })).text, '"\\ud800"');
});

test('synchronous results, thenables and promises are responses', async () => {
  const files = {
    'main.js': `class Probe { execute(event) {
      if (event === 'sync') return { sync: true };
      if (event === 'thenable') return { then(ok) { setTimeout(ok, 5, 'thenable'); ok('first'); ok('second'); } };
      return Promise.resolve('promise');
    } }`,
  };
  const host = await new Host({ files }).ready();
  assert.deepEqual(await host.call('sync'), { sync: true });
  assert.equal(await host.call('thenable'), 'first');
  assert.equal(await host.call('promise'), 'promise');
});

test('undefined becomes null, functions and symbols are errors', async () => {
  const host = await new Host({
    files: probe('return { undefined: undefined, function: () => 1, symbol: Symbol("s") }[event];'),
  }).ready();
  for (const event of ['undefined', 'nothing']) assert.equal((await host.invoke(event)).text, 'null');
  for (const event of ['function', 'symbol']) {
    const { kind, body } = await host.invoke(event);
    assert.deepEqual([kind, body.errorType, body.errorMessage], ['ERROR', 'TypeError', 'Wrong arguments']);
  }
});

test('worker keeps its state between invocations', async () => {
  const host = await new Host({
    files: probe('this.count = (this.count ?? 0) + 1; return [this.count, ++loads];', 'let loads = 0;'),
  }).ready();
  assert.deepEqual(await host.call({}), [1, 1]);
  assert.deepEqual(await host.call({}), [2, 2]);
});

test('handle may be overridden', async () => {
  const host = await new Host({
    files: {
      'main.js': `const { Worker } = require('./worker');
    class Probe extends Worker { handle(e, c) { return super.handle({ wrapped: e }, c); } async execute(e) { return e; } }`,
    },
  }).ready();
  assert.deepEqual(await host.call(1), { wrapped: 1 });
});

test('client context is passed to the worker', async () => {
  const host = await new Host({ files: probe('return [context.clientContext ?? null, event];') }).ready();
  const clientContext = '{"custom":{"k":"ä"}}';
  assert.deepEqual(await host.call({ a: 1 }, { clientContext }), [{ custom: { k: 'ä' } }, { a: 1 }]);
  assert.deepEqual(await host.call({ a: 1 }), [null, { a: 1 }]);
});

test('context has the attributes of AWS Lambda', async () => {
  const host = await new Host({
    files: probe(`const { getRemainingTimeInMillis } = context;
      return { ...context, remaining: getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID ?? null };`),
  }).ready();
  const trace = 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1';
  const context = await host.call({}, { id: 5, trace, deadline: Date.now() + 10000 });
  assert.equal(context.awsRequestId, requestIdOf(5));
  assert.equal(context.functionName, 'my_app-local-probe');
  assert.equal(context.functionVersion, '$LATEST');
  assert.equal(context.memoryLimitInMB, '128');
  assert.equal(context.invokedFunctionArn, ARN);
  assert.equal(context.logGroupName, '/aws/lambda/my_app-local-probe');
  assert.equal(context.logStreamName, '2026/01/01/[$LATEST]0');
  assert.ok(context.remaining > 8000 && context.remaining <= 10000, `${context.remaining}`);
  assert.equal(context.trace, trace);
  assert.equal((await host.call({})).trace, null);
});

test('context has the keys of the runtime of the function', async () => {
  const keys = async (runtime) => {
    const env = { AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}` };
    return (await new Host({ files: probe('return Object.keys(context);'), env }).ready()).call({});
  };
  // The order of `ContextBuilder` of npm's aws-lambda-ric 4.0.2.
  const expected = [
    'clientContext', 'identity', 'invokedFunctionArn', 'awsRequestId', 'tenantId', 'xRayTraceId',
    'getRemainingTimeInMillis', 'functionName', 'functionVersion', 'memoryLimitInMB', 'logGroupName', 'logStreamName',
  ];
  assert.deepEqual(await keys('nodejs24.x'), expected);
  assert.ok((await keys('nodejs20.x')).includes('callbackWaitsForEmptyEventLoop'));
});

test('working directory is the worker folder and stdin is empty', async () => {
  const host = await new Host({
    files: probe(`return [process.cwd(), require('fs').readFileSync(0, 'utf8')];`),
  }).ready();
  assert.deepEqual(await host.call({}), [host.folder, '']);
});

test('6 MB event and response are transferred', async () => {
  const host = await new Host({ files: echo }).ready();
  const big = 'ü€x'.repeat(1024 * 1024);
  assert.equal(Buffer.byteLength(big), 6 * 1024 * 1024);
  assert.equal(await host.call(big), big);
  assert.equal(await host.call('small'), 'small');
});

test('large frame in small chunks takes no extra memory', async () => {
  const host = await new Host({ files: probe('return event.length;') }).ready();
  const text = JSON.stringify('x'.repeat(24 * 1024 * 1024));
  const frame = invokeFrame({ id: 9, deadline: Date.now() + 60000, requestId: requestIdOf(9), trace: '', text });
  for (let at = 0; at < frame.length; at += 8192) host.socket.write(frame.subarray(at, at + 8192));
  assert.equal((await host.frame()).body, 24 * 1024 * 1024);
});

test('several invocations in one write run sequentially', async () => {
  const host = await new Host({
    files: probe(
      'if (running) throw new Error("two at a time"); running = true; await new Promise((r) => setTimeout(r, event)); running = false; return event;',
      'let running = false;',
    ),
  }).ready();
  const frames = [3, 1, 0, 2].map((event, id) =>
    invokeFrame({ id, deadline: 0, requestId: requestIdOf(id), trace: 'Root=1', text: String(event) }),
  );
  host.socket.write(Buffer.concat(frames));
  for (const [id, event] of [3, 1, 0, 2].entries())
    assert.deepEqual(await host.frame(), { kind: 'RESPONSE', id, text: String(event), body: event });
});

test('thousand synchronous responses do not exhaust the stack', async () => {
  const host = await new Host({ files: { 'main.js': 'class Probe { execute(event) { return event; } }' } }).ready();
  const frames = Array.from({ length: 1000 }, (_, id) =>
    invokeFrame({ id, deadline: 0, requestId: requestIdOf(id), trace: '', text: String(id) }),
  );
  host.socket.write(Buffer.concat(frames));
  for (let id = 0; id < 1000; id++) assert.equal((await host.frame()).body, id);
});

test('ten thousand waiting invocations do not exhaust the stack', async () => {
  const host = await new Host({
    files: {
      'main.js':
        'class Probe { execute(event) { return event === 0 ? new Promise((r) => setTimeout(r, 500, 0)) : event; } }',
    },
  }).ready();
  for (let id = 0; id < 10000; id++) host.send(id, { id });
  for (let id = 0; id < 10000; id++) assert.equal((await host.frame()).body, id);
});

test('frame split at any byte is reassembled', async () => {
  const host = await new Host({ files: echo }).ready();
  const frame = (id) =>
    invokeFrame({ id, deadline: 0, requestId: requestIdOf(id), trace: 'Root=1', text: '{"a":"é"}' });
  for (const byte of frame(1)) host.socket.write(Buffer.from([byte]));
  assert.deepEqual((await host.frame()).body, { a: 'é' });
  const two = Buffer.concat([frame(2), frame(3)]);
  host.socket.write(two.subarray(0, two.length - 70));
  assert.equal((await host.frame()).id, 2);
  host.socket.write(two.subarray(two.length - 70));
  assert.equal((await host.frame()).id, 3);
});

test('frame of an unknown kind is ignored', async () => {
  const host = await new Host({ files: echo }).ready();
  host.socket.write(Buffer.from([2, 0, 0, 0, 99, 1, 0, 0, 0, 0]));
  assert.equal(await host.call('still here'), 'still here');
});

test('open timers and servers block neither response nor exit', async () => {
  const host = await new Host({
    files: probe(`setInterval(() => {}, 1000); require('net').createServer().listen(0); return 'done';`),
  }).ready();
  assert.equal(await host.call({}), 'done');
  assert.equal(await host.call({}), 'done');
  assert.deepEqual(await host.end(), { code: 0, signal: null });
});

test('end of file ends the host during invocation and start', async () => {
  const busy = await new Host({
    files: probe(`console.log('started'); await new Promise((r) => setTimeout(r, 60000));`),
  }).ready();
  busy.send({});
  assert.deepEqual(await busy.end(), { code: 0, signal: null });
  const starting = new Host({
    files: {
      'main.mjs': `setInterval(() => {}, 1000); await new Promise(() => {}); export class Probe { execute() {} }`,
    },
  });
  assert.deepEqual(await starting.end(), { code: 0, signal: null });
});

test('end of file skips exit listeners of the worker', async () => {
  const host = await new Host({ files: probe('return 1;', `process.on('exit', () => { for (;;); });`) }).ready();
  assert.deepEqual(await host.end(), { code: 0, signal: null });
});

test('idle host uses no CPU', async () => {
  const host = await new Host({ files: probe('return process.cpuUsage();') }).ready();
  await host.call({});
  const before = await host.call({});
  execFileSync('sleep', ['0.5']); // the CPU use during this time is measured
  const later = await host.call({});
  assert.ok(later.user + later.system - before.user - before.system < 100000, JSON.stringify([before, later]));
});

test('promise that can never settle is an error', async () => {
  const host = await new Host({
    files: probe('if (event === "never") await new Promise(() => {}); return event;'),
  }).ready();
  const { kind, body } = await host.invoke('never');
  assert.deepEqual([kind, body.errorType], ['ERROR', 'Runtime.NodeJsExit']);
  assert.equal(await host.call('next'), 'next');
});

test(
  'data socket is not inherited by child processes',
  { skip: process.platform !== 'linux' },
  async () => {
    const host = await new Host({
      files: probe(`const cp = require('child_process');
      const list = 'readlink /proc/self/fd/* || true';
      return [cp.execSync(list).toString(), cp.spawnSync('sh', ['-c', list], { stdio: ['inherit', 'pipe', 'inherit', 'ignore'] }).stdout.toString()];`),
    }).ready();
    const own = readlinks(host.pid).filter((link) => link.startsWith('socket:'));
    assert.equal(own.length, 1);
    for (const list of await host.call({})) assert.ok(!list.includes(own[0]), list);
  },
);

function readlinks(pid) {
  return readdirSync(`/proc/${pid}/fd`).map((fd) =>
    execFileSync('readlink', [`/proc/${pid}/fd/${fd}`])
      .toString()
      .trim(),
  );
}

test('data socket is not inherited by a forked Node', async () => {
  const host = await new Host({
    files: {
      ...probe(`const child = require('child_process').fork(__dirname + '/child.js');
      return await new Promise((resolve) => child.once('message', (m) => { child.disconnect(); resolve(m); }));`),
      'child.js': `const fs = require('fs');
        const links = fs.readdirSync('/proc/self/fd').map((fd) => { try { return fs.readlinkSync('/proc/self/fd/' + fd); } catch { return ''; } });
        process.send(links);`,
    },
  }).ready();
  const own = readlinks(host.pid).filter((link) => link.startsWith('socket:'));
  assert.ok(!(await host.call({})).includes(own[0]));
});

test('worker of the documentation runs unchanged', async () => {
  const folder = workerFolder({
    'main.js': readFileSync(join(HERE, 'documented_main.js.txt'), 'utf8'),
    'package.json':
      '{\n"name": "system_fetcher",\n"version": "1.0.0",\n"description": "",\n"main": "main.js",\n"dependencies": {\n"axios": "^1.5.1"\n}\n}\n',
    'node_modules/axios/index.js': `exports.get = async (url) => ({ status: globalThis.axiosStatus ?? 200, data: [{ name: 'Sol', url }] });`,
  });
  const host = await new Host({ folder, className: 'SystemFetcher' }).ready();
  assert.deepEqual(await host.call({}), [{ name: 'Sol', url: 'https://badass-space-info-website.com/api/systems' }]);
});
