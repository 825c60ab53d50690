// On Lambda: the entry finds the class as the host does, and `invoke` goes through the AWS SDK that is there, once.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { HOST, workerFolder } from './driver.mjs';

const ZIPPED = ['errors.mjs', 'hooks.mjs', 'lambda.mjs', 'load.mjs'];
const IDENTITY = { version: 1, app: 'my-app', worker: 'probe', class: 'Probe' };

// Stands in for the SDK: notes each call and does what the payload asks for.
const FAKE_SDK = `
  globalThis.sdk = { clients: [], calls: [] };
  exports.InvokeCommand = class { constructor(input) { this.input = input; } };
  exports.LambdaClient = class {
    constructor(config) { globalThis.sdk.clients.push(config); }
    async send({ input }, options) {
      const payload = JSON.parse(Buffer.from(input.Payload).toString());
      globalThis.sdk.calls.push({ name: input.FunctionName, type: input.InvocationType, signal: Boolean(options.abortSignal) });
      const times = globalThis.sdk.calls.filter((call) => call.name === input.FunctionName).length;
      if (payload.throw && times <= (payload.times ?? Infinity)) throw Object.assign(new Error(payload.throw.message), payload.throw);
      if (payload.hang) await new Promise((_, no) => {
        const socket = setInterval(() => {}, 1000);
        options.abortSignal.addEventListener('abort', () => { clearInterval(socket); no(Object.assign(new Error('Request aborted'), { name: 'AbortError' })); });
      });
      return { StatusCode: 200, FunctionError: payload.failed, Payload: payload.reply === undefined ? undefined : new Uint8Array(Buffer.from(payload.reply)) };
    }
  };`;

const MAIN = `const { Worker, invoke } = require('./worker');
class Probe extends Worker {
  async execute(event, context) {
    const results = [];
    for (const call of event) {
      try { results.push({ value: await invoke(...call) }); }
      catch (e) { results.push({ name: e.name, errorType: e.errorType, errorMessage: e.errorMessage, trace: e.trace, status: e.status ?? null, mayHaveRun: e.mayHaveRun }); }
    }
    return { results, ...globalThis.sdk };
  }
}
`;

/** A folder like /var/task: the worker's files and what the build adds to them. */
function taskRoot(files, identity) {
  const folder = workerFolder({ 'bedrock.json': JSON.stringify(identity), ...files });
  for (const name of ZIPPED) cpSync(join(HOST, '..', name), join(folder, 'bedrock', name));
  return folder;
}

/** Runs the entry in a Node of its own, as AWS's runtime would, and returns what the handler resolves to. */
async function onLambda({
  files = { 'main.js': MAIN },
  event = [],
  remaining = 5000,
  env = {},
  identity = IDENTITY,
} = {}) {
  const folder = taskRoot({ 'node_modules/@aws-sdk/client-lambda/index.js': FAKE_SDK, ...files }, identity);
  const script = `
    const { handler } = await import(${JSON.stringify(join(folder, 'bedrock', 'lambda.mjs'))});
    const deadline = Date.now() + ${remaining};
    const answer = await handler(JSON.parse(process.env.EVENT), { getRemainingTimeInMillis: () => deadline - Date.now() });
    console.log(JSON.stringify({ answer, arity: handler.length }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      AWS_LAMBDA_FUNCTION_NAME: 'my-app-dev-probe',
      EVENT: JSON.stringify(event),
      ...env,
    },
  });
  return JSON.parse(stdout);
}

test('the handler finds the class, declared or exported, CommonJS or ES module, and takes two arguments', async () => {
  const cjs = `const { Worker } = require('./worker'); class Probe extends Worker { async execute(event) { return { event }; } }`;
  const esm = `import { Worker } from './worker.js'; class Probe extends Worker { async execute(event) { return { event }; } }`;
  for (const files of [
    { 'main.js': cjs },
    { 'main.mjs': esm },
    { 'main.js': esm, 'package.json': '{"type":"module"}' },
    { 'main.js': 'exports.Probe = class { execute(event) { return { event }; } }' },
  ]) {
    assert.deepEqual(await onLambda({ files, event: { a: 1 } }), { answer: { event: { a: 1 } }, arity: 2 });
  }
});

test('a worker that cannot be loaded fails the start under the name of the error', async () => {
  await assert.rejects(onLambda({ files: { 'main.js': 'class Other {}' } }), (error) =>
    /Runtime\.HandlerNotFound\]?: no class `Probe`/.test(error.stderr),
  );
  await assert.rejects(onLambda({ files: { 'main.js': `require('absent')` } }), (error) =>
    /Runtime\.ImportModuleError\]?: Error: Cannot find module 'absent'/.test(error.stderr),
  );
});

test('a zip without its bedrock.json, or with one of another version, fails the start', async () => {
  await assert.rejects(onLambda({ identity: { ...IDENTITY, version: 2 } }), (error) =>
    /bedrock\.json` has version 2, and the files beside it read 1/.test(error.stderr),
  );
  const script = 'rm bedrock.json && exec node bedrock/lambda.mjs';
  const cwd = taskRoot({ 'main.js': MAIN }, IDENTITY);
  await assert.rejects(promisify(execFile)('sh', ['-c', script], { cwd }), (error) =>
    /Runtime\.ImportModuleError.*Cannot find module 'main': ENOENT.*bedrock\.json/.test(error.stderr),
  );
});

test('dependencies of a layer are found by require and by import', async () => {
  const layer = workerFolder({
    'cjs-dep/index.js': 'exports.name = "cjs";',
    'esm-dep/package.json': '{"type":"module","exports":"./index.js"}',
    'esm-dep/index.js': 'export const name = "esm";',
  });
  const body = (names) => `class Probe extends Worker { async execute() { return [${names}]; } }`;
  const mains = {
    'main.js': `const { Worker } = require('./worker'); const dep = require('cjs-dep'); ${body('dep.name')}`,
    'main.mjs': `import { Worker } from './worker.js'; import { name } from 'esm-dep'; import dep from 'cjs-dep'; ${body('name, dep.name')}`,
  };
  const answers = [];
  for (const [name, source] of Object.entries(mains)) {
    const { answer } = await onLambda({ files: { [name]: source }, env: { NODE_PATH: layer } });
    answers.push(answer);
  }
  assert.deepEqual(answers, [['cjs'], ['esm', 'cjs']]);
});

test('one client is made, without retries, and calls go by ARN where the environment has one', async () => {
  const { answer } = await onLambda({
    event: [
      ['system_fetcher', { reply: '[1]' }, true],
      ['other-function', {}],
      ['arn:aws:lambda:eu-west-1:1:function:any', {}],
    ],
    env: {
      MY_APP_WORKER_ARN_SYSTEM_FETCHER: 'arn:aws:lambda:eu-west-1:1:function:my-app-dev-system_fetcher',
    },
  });
  assert.deepEqual(answer.clients, [{ maxAttempts: 1 }]);
  assert.deepEqual(answer.results, [{ value: [1] }, {}, {}]);
  assert.deepEqual(answer.calls, [
    { name: 'arn:aws:lambda:eu-west-1:1:function:my-app-dev-system_fetcher', type: 'RequestResponse', signal: true },
    { name: 'other-function', type: 'Event', signal: true },
    { name: 'arn:aws:lambda:eu-west-1:1:function:any', type: 'Event', signal: true },
  ]);
});

test('a worker without a variable is the function beside this one, if this one is named by the rule', async () => {
  const called = async (name, env = {}) => {
    const { answer } = await onLambda({ event: [[name, {}]], env });
    return answer.calls[0].name;
  };
  assert.equal(await called('thumbnailer2'), 'my-app-dev-thumbnailer2');
  for (const name of ['Other', 'größe', 'x:2', '123456789012:function:x']) assert.equal(await called(name), name);
  for (const own of ['another-name', 'probe', '']) {
    assert.equal(await called('thumbnailer', { AWS_LAMBDA_FUNCTION_NAME: own }), 'thumbnailer');
  }
});

test('answers, function errors and refusals come out as they do on a laptop', async () => {
  const refused = { name: 'KMSDisabledException', message: 'no key', $metadata: { httpStatusCode: 502 } };
  const broken = { name: 'ServiceException', message: 'oops', $metadata: { httpStatusCode: 500 } };
  const { answer } = await onLambda({
    event: [
      ['w', { reply: '' }, true],
      ['w', {}, true],
      ['w', { reply: '{"errorType":"KeyError","errorMessage":"x","stackTrace":["l"]}', failed: 'Unhandled' }, true],
      ['w', { throw: refused }, true],
      ['w', { throw: broken }, true],
      ['w', { throw: { name: 'TimeoutError', message: 'socket hang up', code: 'ECONNRESET' } }, true],
      ['w', { throw: { name: 'CredentialsProviderError', message: 'none' } }, true],
    ],
  });
  const short = answer.results.map(({ errorType, status, mayHaveRun }) => [errorType, status, mayHaveRun]);
  assert.deepEqual(answer.results.slice(0, 2), [{ value: null }, { value: null }]);
  assert.deepEqual(answer.results[2].trace, ['l']);
  assert.deepEqual(short.slice(2), [
    ['KeyError', 200, true],
    ['KMSDisabledException', 502, false],
    ['ServiceException', 500, true],
    ['ECONNRESET', null, true],
    ['CredentialsProviderError', null, false],
  ]);
  assert.equal(answer.calls.length, 7, 'each once');
});

test('what surely did not run is called again', async () => {
  const refused = (name, httpStatusCode) => ({ name, message: 'not yet', $metadata: { httpStatusCode } });
  const faults = [
    refused('TooManyRequestsException', 429),
    refused('ResourceConflictException', 409),
    refused('ResourceNotReadyException', 502),
    refused('ENILimitReachedException', 502),
    { name: 'Error', message: 'connect', code: 'ECONNREFUSED' },
    { name: 'Error', message: 'getaddrinfo', code: 'EAI_AGAIN' },
  ];
  const event = faults.map((fault, at) => [`fn-${at}`, { throw: fault, times: 1, reply: '7' }, true]);
  const { answer } = await onLambda({ event });
  assert.deepEqual(answer.results, Array(faults.length).fill({ value: 7 }));
  assert.equal(answer.calls.length, 2 * faults.length);
  assert.equal(answer.clients.length, 1);
});

test('a worker that stays throttled is given up after five attempts, and before the time of its caller is up', async () => {
  const refused = { name: 'TooManyRequestsException', message: 'slow down', $metadata: { httpStatusCode: 429 } };
  const later = { ...refused, $response: { headers: { 'retry-after': '3600' } } };
  const { answer } = await onLambda({
    event: [
      ['w', { throw: later }, true],
      ['x', { throw: refused }, true],
    ],
  });
  const short = answer.results.map(({ errorType, status, mayHaveRun }) => [errorType, status, mayHaveRun]);
  assert.deepEqual(short, Array(2).fill(['TooManyRequestsException', 429, false]));
  const asked = (name) => answer.calls.filter((call) => call.name === `my-app-dev-${name}`).length;
  assert.deepEqual([asked('w'), asked('x')], [1, 5]);
});

test('a caller without time calls nobody', async () => {
  const { answer } = await onLambda({ event: [['w', {}, true]], remaining: -1 });
  const [{ errorType, mayHaveRun }] = answer.results;
  assert.deepEqual([errorType, mayHaveRun], ['Timeout', false]);
  assert.equal(answer.calls, undefined, 'not even the SDK is loaded');
});

test('the client is made in the init phase if the environment names workers to call', async () => {
  const main = `const made = globalThis.sdk?.clients.length; require('./worker');
    class Probe { async execute() { return [made ?? null, globalThis.sdk?.clients.length ?? null]; } }`;
  const clients = async (env) => (await onLambda({ files: { 'main.js': main }, env })).answer;
  assert.deepEqual(await clients({ MY_APP_WORKER_ARN_W: 'arn:aws:lambda:eu-west-1:1:function:w' }), [null, 1]);
  assert.deepEqual(await clients({}), [null, null]);
});

test('a call ends when the time of its caller is up, and may have run', async () => {
  const { answer } = await onLambda({ event: [['w', { hang: true }, true]], remaining: 50 });
  const [error] = answer.results;
  assert.deepEqual([error.name, error.errorType, error.mayHaveRun], ['InvocationError', 'Timeout', true]);
  assert.match(error.errorMessage, /no response in the \d+ ms that the caller had left/);
});
