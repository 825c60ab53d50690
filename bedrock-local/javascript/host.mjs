// The Node host keeps one JavaScript worker loaded and runs its invocations according to docs/src/host-protocol.md, one
// at a time. load.mjs finds the class, framing.mjs encodes frames, console.mjs handles output. The app enforces
// deadlines and sizes.
import { captureConsole, flushConsole, setRequestId } from './console.mjs';
import { CHUNK, ERROR, FATAL, INIT_ERROR, READY, RECALLED, RESPONSE, STREAM, HostSocket } from './framing.mjs';
import { RuntimeError, formatForLog, errorJson, logCauses } from './errors.mjs';
import { HIGH_WATER_MARK, loadWorkerClass, streamMarks } from './load.mjs';
import { formatConsole } from './log_format.mjs';
import { defineGlobal, streamResponse } from './response_stream.mjs';
import { neverSettled, onUncaught } from './uncaught.mjs';

const DATA_FD = 3;
const env = process.env;

// Functions that a worker may replace (test helpers and signal-exit do).
const now = Date.now;
const parse = JSON.parse;
const stringify = JSON.stringify;
const reallyExit = process.reallyExit?.bind(process) ?? process.exit.bind(process);

// The parts of the context that do not change, read once.
const functionName = env.AWS_LAMBDA_FUNCTION_NAME;
const functionVersion = env.AWS_LAMBDA_FUNCTION_VERSION;
const memoryLimitInMB = env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE;
const logGroupName = env.AWS_LAMBDA_LOG_GROUP_NAME;
const logStreamName = env.AWS_LAMBDA_LOG_STREAM_NAME;
const invokedFunctionArn = env.BEDROCK_FUNCTION_ARN;
// Lambda's runtimes up to Node.js 22 can respond before the event loop is empty.
const additionalKeys = /nodejs(?:18|20|22)/.test(env.AWS_EXECUTION_ENV) ? { callbackWaitsForEmptyEventLoop: true } : {};

let contract = ''; // the types of the worker as JSON, if the app wants to know them
let worker = null; // null until the module is loaded
let marks = null; // of a worker that streams its responses
let current = null; // the invocation that is running
let previous = null; // the previous invocation, to which a late error is attributed
let trace = '';
let isLeaving = false;
const waiting = []; // invocations that arrived before READY or during another one
let isRunningWaiting = false; // whether `runWaiting` is active

function start() {
  captureConsole();
  // After a response, lines still have the id of its invocation, as on Lambda.
  formatConsole(() => (current ?? previous)?.requestId);
  const hostSocket = new HostSocket(DATA_FD, receive, returnWaiting, () => exitNow(0));
  process.on('exit', flushConsole);
  defineGlobal();
  onUncaught(handleUncaught);
  process.on('beforeExit', handleEmptyEventLoop);
  // For `invoke` in worker.js: {deadline, trace} of the current invocation, or null.
  Object.defineProperty(globalThis, Symbol.for('bedrock.host'), {
    value: {
      get current() {
        return current;
      },
    },
  });
  return hostSocket;
}

const hostSocket = start();
await load();

async function load() {
  const folder = env.BEDROCK_WORKER_DIR ?? process.cwd();
  try {
    process.chdir(folder); // as on Lambda
    hostSocket.unref();
    const WorkerClass = await loadWorkerClass(folder, env.BEDROCK_WORKER_CLASS ?? '');
    const instance = new WorkerClass();
    if (env.BEDROCK_CONTRACT === '1') {
      // Imported here, because most apps do not ask.
      const { contractOf } = await import('./contract.mjs');
      contract = stringify(contractOf(WorkerClass));
    }
    marks = streamMarks(instance, env.BEDROCK_DURABLE === '1');
    const isComplete = marks !== null || typeof instance.handle === 'function';
    const loaded = isComplete ? instance : { handle: (event, context) => instance.execute(event, context) };
    if (env.BEDROCK_DURABLE === '1') {
      const { durableHandler } = await import('./durable.mjs');
      loaded.handle = await durableHandler(folder, loaded.handle.bind(loaded));
    }
    if (isLeaving) return;
    worker = loaded;
  } catch (error) {
    initError(error);
    return;
  }
  hostSocket.ref();
  flushConsole();
  hostSocket.send(READY, null, contract);
  runWaiting();
}

function receive(call) {
  if (worker === null || current !== null) waiting.push(call);
  else run(call);
}

/**
 * The app has received no response for some time: returns the invocations that have not started, so that another
 * process can run them.
 */
function returnWaiting() {
  for (const call of waiting.splice(0)) hostSocket.send(RECALLED, call, '');
}

/** A loop instead of a recursion, because many waiting invocations may complete synchronously. */
function runWaiting() {
  if (isRunningWaiting) return;
  isRunningWaiting = true;
  while (current === null && waiting.length > 0) run(waiting.shift());
  isRunningWaiting = false;
}

function run(call) {
  current = call;
  setRequestId(call.requestId);
  if (call.trace !== trace) setTrace(call.trace);
  let event;
  try {
    event = parse(call.text);
  } catch (error) {
    fail(call, new RuntimeError('Runtime.UnmarshalError', `the event is not JSON: ${error.message}`, error));
    return;
  }
  call.text = '';
  let result;
  try {
    result = marks === null ? worker.handle(event, contextOf(call)) : stream(call, event);
    if (result !== null && typeof result === 'object' && typeof result.then === 'function') {
      hostSocket.unref();
      result.then(
        (value) => succeed(call, value),
        (error) => fail(call, error),
      );
      return;
    }
  } catch (error) {
    fail(call, error);
    return;
  }
  succeed(call, result);
}

/** Runs an invocation of a worker that streams: chunks, and at the end a response without content. */
function stream(call, event) {
  // A worker.js of an earlier version has no `handleStream`.
  const method = typeof worker.handleStream === 'function' ? 'handleStream' : 'execute';
  const output = {
    open: (contentType) => sendOf(call, STREAM, Buffer.from(contentType)),
    write: (bytes) => sendOf(call, CHUNK, bytes),
    flushed: (done) => hostSocket.flushed(done),
  };
  return streamResponse((to) => worker[method](event, to, contextOf(call)), output, marks[HIGH_WATER_MARK]);
}

/** Sends a part of a response, unless the invocation has ended. */
function sendOf(call, kind, bytes) {
  if (current === call && !isLeaving) hostSocket.sendBytes(kind, call, bytes);
}

function contextOf(call) {
  const deadline = call.deadline;
  return {
    ...additionalKeys,
    clientContext: call.clientContext === '' ? undefined : parse(call.clientContext),
    identity: undefined,
    invokedFunctionArn,
    awsRequestId: call.requestId,
    tenantId: undefined,
    xRayTraceId: call.trace === '' ? undefined : call.trace,
    getRemainingTimeInMillis: () => deadline - now(),
    functionName,
    functionVersion,
    memoryLimitInMB,
    logGroupName,
    logStreamName,
  };
}

// Like AWS's runtime. X-Ray and the AWS SDK read the variable.
function setTrace(value) {
  trace = value;
  if (value === '') delete env._X_AMZN_TRACE_ID;
  else env._X_AMZN_TRACE_ID = value;
}

function succeed(call, value) {
  if (current !== call) return; // a thenable of the worker that settles twice
  if (marks !== null) return respond(RESPONSE, call, '');
  let text;
  try {
    text = stringify(value === undefined ? null : value);
  } catch (error) {
    // Type and message of AWS's runtime; the trace contains the reason.
    const message = 'Unable to stringify response body';
    respond(ERROR, call, errorJson(new RuntimeError('Runtime.JSONStringifyError', message, error)));
    return;
  }
  // A function or a symbol has no JSON. AWS's runtime fails with this error of its client.
  if (typeof text !== 'string') return respond(ERROR, call, errorJson(new RuntimeError('TypeError', 'Wrong arguments')));
  return respond(RESPONSE, call, text);
}

function fail(call, error) {
  if (current !== call) return;
  logCauses(error);
  respond(ERROR, call, errorJson(error));
}

function respond(kind, call, text) {
  if (isLeaving) return;
  setRequestId(null);
  previous = current;
  current = null;
  hostSocket.ref();
  hostSocket.send(kind, call, text);
  if (waiting.length > 0) runWaiting();
}

/** Handles an uncaught error. It ends the process, as on Lambda, after it has been reported to the app. */
function handleUncaught(error) {
  if (isLeaving) return;
  if (worker === null) return initError(error);
  if (current !== null) return sendAndExit(FATAL, current, error);
  // The invocation that caused the error has already got a response. After FATAL the app no longer uses this process.
  // The process does not exit by itself, because the next invocation may already be on its way.
  if (previous !== null) setRequestId(previous.requestId);
  process.stderr.write(`${formatForLog(error)}\n`);
  setRequestId(null);
  if (previous !== null) hostSocket.send(FATAL, previous, errorJson(error));
  return undefined;
}

function initError(error) {
  sendAndExit(INIT_ERROR, null, error);
}

function sendAndExit(kind, call, error) {
  if (isLeaving) return;
  isLeaving = true;
  flushConsole();
  hostSocket.ref();
  hostSocket.send(kind, call, errorJson(error));
  hostSocket.flushed(() => exitNow(1));
}

/**
 * The data socket is the only active handle, so the worker's promise can never settle. The invocation fails now instead of
 * at its timeout.
 */
function handleEmptyEventLoop() {
  if (isLeaving) return;
  if (worker === null) {
    initError(
      new RuntimeError(
        'Runtime.ExitError',
        'the worker never finished loading: its top-level await can never settle',
      ),
    );
  } else if (current !== null) {
    fail(current, neverSettled());
  }
}

/** Ends the process immediately, without the worker's own `exit` listeners, which might not return. */
function exitNow(status) {
  isLeaving = true;
  flushConsole();
  reallyExit(status);
}
