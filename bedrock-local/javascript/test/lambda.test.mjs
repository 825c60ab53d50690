// Tests on Lambda: the entry point finds the class like the host, and `invoke` uses the AWS SDK.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { HOST, workerFolder } from './driver.mjs';

const ZIPPED = [
  'durable.mjs',
  'errors.mjs',
  'function_name.mjs',
  'hooks.mjs',
  'lambda.mjs',
  'load.mjs',
  'typescript.mjs',
  'uncaught.mjs',
  'validate.mjs',
];
const IDENTITY = { version: 1, app: 'my-app', worker: 'probe', class: 'Probe' };

// Fake SDK: records each call and does what the payload says.
const FAKE_SDK = `
  globalThis.sdk = { clients: [], calls: [], destroyed: [] };
  exports.InvokeCommand = class { constructor(input) { this.input = input; } };
  exports.LambdaClient = class {
    constructor({ maxAttempts, requestHandler: { httpsAgent, socketTimeout } }) {
      this.agent = httpsAgent;
      globalThis.sdk.clients.push({ maxAttempts, socketTimeout, maxSockets: httpsAgent.maxSockets });
    }
    /** Makes a socket idle, and lets time pass. */
    addIdleSocket(milliseconds) {
      const socket = { setKeepAlive() {}, ref() {}, unref() {}, setTimeout() {}, destroy() { globalThis.sdk.destroyed.push(milliseconds); } };
      this.agent.keepSocketAlive(socket);
      this.agent.freeSockets[\`host:\${milliseconds}\`] = [socket];
      const now = Date.now() + milliseconds;
      Date.now = () => now;
    }
    async send({ input }, options) {
      const payload = JSON.parse(Buffer.from(input.Payload).toString());
      globalThis.sdk.calls.push({ name: input.FunctionName, type: input.InvocationType, signal: Boolean(options.abortSignal) });
      const times = globalThis.sdk.calls.filter((call) => call.name === input.FunctionName).length;
      if (payload.throw && times <= (payload.times ?? Infinity)) throw Object.assign(new Error(payload.throw.message), payload.throw);
      if (payload.idle) this.addIdleSocket(payload.idle);
      if (payload.hang) await new Promise((_, reject) => {
        const socket = setInterval(() => {}, 1000);
        options.abortSignal.addEventListener('abort', () => { clearInterval(socket); reject(Object.assign(new Error('Request aborted'), { name: 'AbortError' })); });
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

/** Creates a folder like /var/task: the worker's files and those that the build adds. */
function taskRoot(files, identity) {
  const folder = workerFolder({ 'bedrock.json': JSON.stringify(identity), ...files });
  for (const name of ZIPPED) cpSync(join(HOST, '..', name), join(folder, 'bedrock', name));
  return folder;
}

/** Runs the entry point in a Node process like AWS's runtime, and returns the handler's result. */
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
    const result = await handler(JSON.parse(process.env.EVENT), { getRemainingTimeInMillis: () => deadline - Date.now() });
    console.log(JSON.stringify({ result, arity: handler.length }));`;
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

test('handler finds the class in every module kind', async () => {
  const cjs = `const { Worker } = require('./worker'); class Probe extends Worker { async execute(event) { return { event }; } }`;
  const esm = `import { Worker } from './worker.js'; class Probe extends Worker { async execute(event) { return { event }; } }`;
  for (const files of [
    { 'main.js': cjs },
    { 'main.mjs': esm },
    { 'main.js': esm, 'package.json': '{"type":"module"}' },
    { 'main.js': 'exports.Probe = class { execute(event) { return { event }; } }' },
  ]) {
    assert.deepEqual(await onLambda({ files, event: { a: 1 } }), { result: { event: { a: 1 } }, arity: 2 });
  }
});

test('causes of an error are logged before the runtime reports it', async () => {
  const main = `exports.Probe = class {
    async execute() { throw new Error('outer', { cause: Object.assign(new Error('inner'), { stack: 'Error: inner' }) }); }
  }`;
  const folder = taskRoot({ 'main.js': main }, IDENTITY);
  const script = `
    const { handler } = await import(${JSON.stringify(join(folder, 'bedrock', 'lambda.mjs'))});
    await handler({}, {}).catch((error) => console.error('reported:', error.message, error.cause.message));`;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: folder,
    env: { PATH: process.env.PATH, AWS_LAMBDA_FUNCTION_NAME: 'my-app-dev-probe' },
  });
  assert.equal((await run).stderr, 'caused by: Error: inner\nreported: outer inner\n');
});

test('contract is checked only if the function asks for it', async () => {
  const files = {
    'main.js': 'exports.Probe = class { execute(event) { return event.length; } }',
    'contract.json': '{"properties": {"event": {"type": "string"}, "response": {"maximum": 3, "type": "integer"}}}',
  };
  const env = { BEDROCK_CHECK_CONTRACTS: '1' };
  assert.equal((await onLambda({ files, event: 'abc', env })).result, 3);
  assert.equal((await onLambda({ files, event: [1, 2] })).result, 2);
  const rejects = (event, message) =>
    assert.rejects(onLambda({ files, event, env }), (error) => error.stderr.includes(`ContractViolation: ${message}`));
  await rejects([1], 'the event is not that of the contract: `event`: expected a string, found a list');
  await rejects(
    'abcd',
    `the response is not that of the contract: \`response\`: expected an integer from ${Number.MIN_SAFE_INTEGER} to 3, found 4`,
  );
  const withoutContract = { 'main.js': files['main.js'] };
  assert.equal((await onLambda({ files: withoutContract, event: [1], env })).result, 1);
});

test('connections that were idle for too long are closed', async () => {
  const event = [40_000, 60_000].map((idle) => ['other', { idle, reply: 'null' }, true]);
  const { result } = await onLambda({ event: [...event, ['other', {}]], remaining: 900_000 });
  // The first socket is 100 seconds old when the last call is made.
  assert.deepEqual(result.destroyed.sort(), [40_000, 60_000]);
  const { result: fresh } = await onLambda({ event: [event[0], ['other', {}]], remaining: 900_000 });
  assert.deepEqual(fresh.destroyed, []);
});

test('load error fails the start with its name', async () => {
  await assert.rejects(onLambda({ files: { 'main.js': 'class Other {}' } }), (error) =>
    /Runtime\.HandlerNotFound\]?: no class `Probe`/.test(error.stderr),
  );
  await assert.rejects(onLambda({ files: { 'main.js': `require('absent')` } }), (error) =>
    /Runtime\.ImportModuleError\]?: Error: Cannot find module 'absent'/.test(error.stderr),
  );
});

test('missing or incompatible bedrock.json fails the start', async () => {
  await assert.rejects(onLambda({ identity: { ...IDENTITY, version: 2 } }), (error) =>
    /bedrock\.json` has version 2, and the files next to it read 1/.test(error.stderr),
  );
  const script = 'rm bedrock.json && exec node bedrock/lambda.mjs';
  const cwd = taskRoot({ 'main.js': MAIN }, IDENTITY);
  await assert.rejects(promisify(execFile)('sh', ['-c', script], { cwd }), (error) =>
    /Runtime\.ImportModuleError.*Cannot find module 'main': ENOENT.*bedrock\.json/.test(error.stderr),
  );
});

test('layer dependencies are found by require and import', async () => {
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
    const { result } = await onLambda({ files: { [name]: source }, env: { NODE_PATH: layer } });
    answers.push(result);
  }
  assert.deepEqual(answers, [['cjs'], ['esm', 'cjs']]);
});

test('one client without retries calls configured ARNs', async () => {
  const { result } = await onLambda({
    event: [
      ['system_fetcher', { reply: '[1]' }, true],
      ['other-function', {}],
      ['arn:aws:lambda:eu-west-1:1:function:any', {}],
    ],
    env: {
      MY_APP_WORKER_ARN_SYSTEM_FETCHER: 'arn:aws:lambda:eu-west-1:1:function:my-app-dev-system_fetcher',
    },
  });
  assert.deepEqual(result.clients, [{ maxAttempts: 1, socketTimeout: 0, maxSockets: 1000 }]);
  assert.deepEqual(result.results, [{ value: [1] }, {}, {}]);
  assert.deepEqual(result.calls, [
    { name: 'arn:aws:lambda:eu-west-1:1:function:my-app-dev-system_fetcher', type: 'RequestResponse', signal: true },
    { name: 'other-function', type: 'Event', signal: true },
    { name: 'arn:aws:lambda:eu-west-1:1:function:any', type: 'Event', signal: true },
  ]);
});

test('worker without variable is found by naming rule', async () => {
  const called = async (name, env = {}) => {
    const { result } = await onLambda({ event: [[name, {}]], env });
    return result.calls[0].name;
  };
  assert.equal(await called('thumbnailer2'), 'my-app-dev-thumbnailer2');
  for (const [version, expected] of [
    ['7', 'my-app-dev-thumbnailer2:live'],
    ['$LATEST', 'my-app-dev-thumbnailer2'],
  ]) {
    assert.equal(await called('thumbnailer2', { AWS_LAMBDA_FUNCTION_VERSION: version }), expected);
  }
  for (const name of ['Other', 'größe', 'x:2', '123456789012:function:x']) assert.equal(await called(name), name);
  for (const own of ['another-name', 'probe', '']) {
    assert.equal(await called('thumbnailer', { AWS_LAMBDA_FUNCTION_NAME: own }), 'thumbnailer');
  }
});

test('responses and errors match local calls', async () => {
  const refused = { name: 'KMSDisabledException', message: 'no key', $metadata: { httpStatusCode: 502 } };
  const broken = { name: 'ServiceException', message: 'oops', $metadata: { httpStatusCode: 500 } };
  const { result } = await onLambda({
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
  const short = result.results.map(({ errorType, status, mayHaveRun }) => [errorType, status, mayHaveRun]);
  assert.deepEqual(result.results.slice(0, 2), [{ value: null }, { value: null }]);
  assert.deepEqual(result.results[2].trace, ['l']);
  assert.deepEqual(short.slice(2), [
    ['KeyError', 200, true],
    ['KMSDisabledException', 502, false],
    ['ServiceException', 500, true],
    ['ECONNRESET', null, true],
    ['CredentialsProviderError', null, false],
  ]);
  assert.equal(result.calls.length, 7, 'each once');
});

test('errors before execution are retried', async () => {
  const rejected = (name, httpStatusCode) => ({ name, message: 'not yet', $metadata: { httpStatusCode } });
  const errors = [
    rejected('TooManyRequestsException', 429),
    rejected('ResourceConflictException', 409),
    rejected('ResourceNotReadyException', 502),
    rejected('ENILimitReachedException', 502),
    { name: 'Error', message: 'connect', code: 'ECONNREFUSED' },
    { name: 'Error', message: 'getaddrinfo', code: 'EAI_AGAIN' },
  ];
  const event = errors.map((error, at) => [`fn-${at}`, { throw: error, times: 1, reply: '7' }, true]);
  const { result } = await onLambda({ event });
  assert.deepEqual(result.results, Array(errors.length).fill({ value: 7 }));
  assert.equal(result.calls.length, 2 * errors.length);
  assert.equal(result.clients.length, 1);
});

test('throttled worker fails after five attempts or at the deadline', async () => {
  const refused = { name: 'TooManyRequestsException', message: 'slow down', $metadata: { httpStatusCode: 429 } };
  const later = { ...refused, $response: { headers: { 'retry-after': '3600' } } };
  const { result } = await onLambda({
    event: [
      ['w', { throw: later }, true],
      ['x', { throw: refused }, true],
    ],
  });
  const short = result.results.map(({ errorType, status, mayHaveRun }) => [errorType, status, mayHaveRun]);
  assert.deepEqual(short, Array(2).fill(['TooManyRequestsException', 429, false]));
  const attempts = (name) => result.calls.filter((call) => call.name === `my-app-dev-${name}`).length;
  assert.deepEqual([attempts('w'), attempts('x')], [1, 5]);
});

test('expired caller sends no request', async () => {
  const { result } = await onLambda({ event: [['w', {}, true]], remaining: -1 });
  const [{ errorType, mayHaveRun }] = result.results;
  assert.deepEqual([errorType, mayHaveRun], ['Timeout', false]);
  assert.equal(result.calls, undefined, 'not even the SDK is loaded');
});

test('client is created in init if callees are configured', async () => {
  const main = `const created = globalThis.sdk?.clients.length; require('./worker');
    class Probe { async execute() { return [created ?? null, globalThis.sdk?.clients.length ?? null]; } }`;
  const clients = async (env) => (await onLambda({ files: { 'main.js': main }, env })).result;
  assert.deepEqual(await clients({ MY_APP_WORKER_ARN_W: 'arn:aws:lambda:eu-west-1:1:function:w' }), [null, 1]);
  assert.deepEqual(await clients({}), [null, null]);
});

test('call times out at the deadline of its caller', async () => {
  const { result } = await onLambda({ event: [['w', { hang: true }, true]], remaining: 50 });
  const [error] = result.results;
  assert.deepEqual([error.name, error.errorType, error.mayHaveRun], ['InvocationError', 'Timeout', true]);
  assert.match(error.errorMessage, /no response in the \d+ ms that the caller had left/);
});

test('retried responses match the shared retry policy', async () => {
  const policy = JSON.parse(readFileSync(join(HOST, '..', '..', '..', 'bedrock-rt', 'tests', 'call_retries.json'), 'utf8'));
  const cases = policy.responses.filter(({ status }) => status >= 400);
  const event = cases.map(({ status, code }, at) => {
    const error = { name: code, message: 'rejected', $metadata: { httpStatusCode: status } };
    return [`fn-${at}`, { throw: error, times: 1, reply: '7' }, true];
  });
  const { result } = await onLambda({ event });
  for (const [at, { status, code, is_retried }] of cases.entries()) {
    const attempts = result.calls.filter((call) => call.name === `fn-${at}`).length;
    assert.equal(attempts, is_retried ? 2 : 1, `${status} ${code}`);
  }
});

// Stands in for AWS's SDK: an execution sends one checkpoint, and its result has what was sent.
const DURABLE_SDK = `
  exports.DurableExecutionApiClient = class { checkpoint(request) { return request.Updates; } };
  exports.withDurableExecution = (handler, { durableExecutionClient }) => async (event) => [
    await handler(event.Input, 'durable context'),
    durableExecutionClient?.checkpoint({ Updates: [
      { Type: 'STEP' },
      { ChainedInvokeOptions: { FunctionName: 'mailer', TenantId: 't' } },
      { ChainedInvokeOptions: { FunctionName: 'arn:aws:lambda:eu:1:function:other' } },
    ] }),
  ];`;
const DURABLE = { ...IDENTITY, durable: true };
const SDK_FILE = 'node_modules/@aws/durable-execution-sdk-js/index.js';
const DURABLE_MAIN = { 'main.js': `exports.Probe = class { execute(event, context) { return [event, context]; } }` };

test('durable worker runs in the SDK with names of functions', async () => {
  const call = { event: { DurableExecutionArn: 'arn', Input: 5 }, identity: DURABLE };
  const sent = async (files, env) => {
    const { result } = await onLambda({ ...call, files: { ...DURABLE_MAIN, ...files }, env });
    assert.deepEqual(result[0], [5, 'durable context']);
    return result[1]?.map((update) => update.ChainedInvokeOptions ?? null);
  };
  const other = { FunctionName: 'arn:aws:lambda:eu:1:function:other' };
  const published = { AWS_LAMBDA_FUNCTION_VERSION: '7' };
  const expected = [null, { FunctionName: 'my-app-dev-mailer:live', TenantId: 't' }, other];
  assert.deepEqual(await sent({ [SDK_FILE]: DURABLE_SDK }, published), expected);
  const arn = 'arn:aws:lambda:eu-west-1:1:function:my-app-dev-mailer:live';
  const byVariable = await sent({ [SDK_FILE]: DURABLE_SDK }, { MY_APP_WORKER_ARN_MAILER: arn });
  assert.deepEqual(byVariable[1], { FunctionName: arn, TenantId: 't' });
  // A client of an older SDK cannot be replaced.
  const older = DURABLE_SDK.replace('exports.DurableExecutionApiClient', 'const unused');
  assert.equal(await sent({ [SDK_FILE]: older }, published), undefined);
  // A bundle has the SDK in itself.
  const main = `${DURABLE_MAIN['main.js']};\nconst sdk = {}; ((exports) => {${DURABLE_SDK}})(sdk);
    globalThis[Symbol.for('bedrock.durable.sdk')] = sdk;`;
  assert.deepEqual(await sent({ 'main.js': main }, published), expected);
});

test('durable worker refuses events without an execution', async () => {
  const files = { ...DURABLE_MAIN, [SDK_FILE]: DURABLE_SDK };
  await assert.rejects(onLambda({ files, event: {}, identity: DURABLE }), (error) =>
    error.stderr.includes('the event is not of a durable execution'),
  );
});

test('functions of workers are those that invoke calls', async () => {
  const { functionName } = await import('../function_name.mjs');
  const saved = { ...process.env };
  Object.assign(process.env, { AWS_LAMBDA_FUNCTION_NAME: 'my-app-dev-probe', MY_APP_WORKER_ARN_W: 'arn:w' });
  const names = ['w', 'thumbnailer2', 'Other', 'größe', 'x:2', 'arn:aws:x'].map((name) => functionName(IDENTITY, name));
  assert.deepEqual(names, ['arn:w', 'my-app-dev-thumbnailer2', 'Other', 'größe', 'x:2', 'arn:aws:x']);
  process.env.AWS_LAMBDA_FUNCTION_NAME = 'another-name';
  assert.equal(functionName(IDENTITY, 'thumbnailer'), 'thumbnailer');
  process.env = saved;
});
