// Tests of workers that stream their responses with AWS's `awslambda`, in the local host and in the entry point on Lambda.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Host, HOST, consoleText, probe, workerFolder } from './driver.mjs';

/** main.js of a worker that streams. The parameters of `body` are `event`, `responseStream` and `context`. */
function streaming(body, options = '') {
  const method = `awslambda.streamifyResponse(async (event, responseStream, context) => { ${body} }${options})`;
  return { 'main.js': `const { Worker } = require('./worker');\nclass Probe extends Worker {\n  execute = ${method};\n}\n` };
}

/** Returns the frames of an invocation as `[kind, text]`, up to the last one. */
async function frames(host, event) {
  host.send(event);
  const all = [];
  for (;;) {
    const frame = await host.frame();
    all.push([frame?.kind, frame?.text]);
    if (!['STREAM', 'CHUNK'].includes(frame?.kind)) return all;
  }
}

test('chunks are sent when they are written', async () => {
  const body = `responseStream.setContentType('text/plain');
    const alive = setInterval(() => {}, 1000);
    const signal = new Promise((resolve) => process.once('SIGUSR2', resolve));
    responseStream.write('one');
    await signal;
    clearInterval(alive);
    responseStream.write(Buffer.from('two'));
    responseStream.write({ three: 3 });
    responseStream.end();`;
  const host = await new Host({ files: streaming(body) }).ready();
  host.send({});
  const first = [await host.frame(), await host.frame()].map(({ kind, text }) => [kind, text]);
  assert.deepEqual(first, [
    ['STREAM', 'text/plain'],
    ['CHUNK', 'one'],
  ]);
  process.kill(host.pid, 'SIGUSR2');
  const rest = [await host.frame(), await host.frame(), await host.frame()].map(({ kind, text }) => [kind, text]);
  assert.deepEqual(rest, [
    ['CHUNK', 'two'],
    ['CHUNK', '{"three":3}'],
    ['RESPONSE', ''],
  ]);
});

test('http response begins with its prelude', async () => {
  const body = `const metadata = { statusCode: 201, headers: { 'x-a': event } };
    responseStream = awslambda.HttpResponseStream.from(responseStream, metadata);
    responseStream.write('body');
    responseStream.end();
    await new Promise((resolve) => responseStream.on('finish', resolve));`;
  const host = await new Host({ files: streaming(body) }).ready();
  for (const event of ['b', 'c']) {
    const [stream, ...chunks] = await frames(host, event);
    assert.deepEqual(stream, ['STREAM', 'application/vnd.awslambda.http-integration-response']);
    const text = chunks.map(([, chunk]) => chunk).join('');
    assert.equal(text, `{"statusCode":201,"headers":{"x-a":"${event}"}}${'\0'.repeat(8)}body`);
    assert.equal(chunks.at(-1)[0], 'RESPONSE');
  }
});

test('error before the first chunk is only an error', async () => {
  const host = await new Host({ files: streaming('throw new TypeError("no model");') }).ready();
  const [[kind, text], ...more] = await frames(host, {});
  assert.deepEqual([kind, JSON.parse(text).errorType, more], ['ERROR', 'TypeError', []]);
});

test('error in the middle of a stream comes after the chunks', async () => {
  const body = `for (let count = 0; count < 40; count++) responseStream.write('x'.repeat(100_000));
    throw new Error('no more');`;
  const host = await new Host({ files: streaming(body) }).ready();
  const all = await frames(host, {});
  assert.equal(all[0][0], 'STREAM');
  assert.equal(all.slice(1, -1).reduce((sum, [, text]) => sum + text.length, 0), 4_000_000);
  assert.deepEqual([all.at(-1)[0], JSON.parse(all.at(-1)[1]).errorMessage], ['ERROR', 'no more']);
});

test('misuse of a stream has the errors of the runtime', async () => {
  const cases = {
    type: ['responseStream.write("a"); responseStream.setContentType("b");', 'Runtime.InvalidStreamingOperation'],
    never: ['responseStream.write("a");', 'Runtime.NodeJsExit'],
    destroyed: ['responseStream.destroy();', 'Error'],
  };
  const body = Object.entries(cases).map(([name, [code]]) => `if (event === '${name}') { ${code} }`).join('\n');
  for (const [name, [, errorType]] of Object.entries(cases)) {
    const host = await new Host({ files: streaming(body) }).ready();
    const [kind, text] = (await frames(host, name)).at(-1);
    assert.deepEqual([kind, JSON.parse(text).errorType], ['ERROR', errorType], name);
  }
});

test('return value of a streaming worker is ignored with a warning', async () => {
  const host = await new Host({ files: streaming('responseStream.end("a"); return 5;') }).ready();
  assert.deepEqual(await frames(host, {}), [
    ['STREAM', 'application/octet-stream'],
    ['CHUNK', 'a'],
    ['RESPONSE', ''],
  ]);
  await host.end();
  assert.ok(host.lines.some((line) => consoleText(line.text) === 'Streaming handlers ignore return values.'));
});

test('large chunks are split and arrive complete', async () => {
  const body = `responseStream.write(Buffer.alloc(9 * 1024 * 1024, 'x')); responseStream.end();`;
  const host = await new Host({ files: streaming(body, ', { highWaterMark: 1024 }') }).ready();
  const all = await frames(host, {});
  assert.equal(all.filter(([kind]) => kind === 'CHUNK').length, 9);
  assert.equal(all.at(-1)[0], 'RESPONSE');
});

test('durable worker cannot stream', async () => {
  const host = new Host({ files: streaming(''), env: { BEDROCK_DURABLE: '1' } });
  const frame = await host.frame();
  assert.deepEqual([frame.kind, frame.body.errorType], ['INIT_ERROR', 'Runtime.MalformedStreamingHandler']);
});

test('global of the runtime is left out on request', async () => {
  const env = { AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA: '1' };
  const host = await new Host({ files: probe('return typeof awslambda;'), env }).ready();
  assert.equal(await host.call({}), 'undefined');
  const other = await new Host({ files: probe('return Object.keys(awslambda);') }).ready();
  assert.deepEqual(await other.call({}), ['streamifyResponse', 'HttpResponseStream']);
});

/** Prints what the entry point on Lambda exports and does, with the global of AWS's runtime. */
const ON_LAMBDA = `
  const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
  const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');
  globalThis.awslambda = { streamifyResponse: (handler, options) => Object.assign(handler, { [STREAMING]: 'response', [HIGH_WATER_MARK]: options?.highWaterMark }) };
  const { handler } = await import(process.argv[1]);
  const written = [];
  const result = await handler('event', { write: (text) => written.push(text) }, { id: 'context' }, 'callback');
  console.log(JSON.stringify([handler[STREAMING], handler[HIGH_WATER_MARK], handler.length < 3, written, result]));`;

function onLambda(files) {
  const identity = { version: 1, app: 'my-app', worker: 'probe', class: 'Probe' };
  const folder = workerFolder({ 'bedrock.json': JSON.stringify(identity), ...files });
  const modules = readdirSync(join(HOST, '..')).filter((name) => name.endsWith('.mjs'));
  for (const name of modules) cpSync(join(HOST, '..', name), join(folder, 'bedrock', name));
  const args = ['--input-type=module', '-e', ON_LAMBDA, join(folder, 'bedrock', 'lambda.mjs')];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

test('entry point on lambda streams if the worker does', () => {
  const body = 'responseStream.write(`${event} ${context.id}`);';
  assert.deepEqual(onLambda(streaming(body, ', { highWaterMark: 64 }')), [
    'response',
    64,
    true,
    ['event context'],
    null,
  ]);
});

test('entry point on lambda does not stream otherwise', () => {
  const worker = `const { Worker } = require('./worker');
    class Probe extends Worker { async execute(...args) { return args.length; } }`;
  assert.deepEqual(onLambda({ 'main.js': worker }), [null, null, true, [], 2]);
});
