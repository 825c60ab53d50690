// The Node host: keeps one JavaScript worker warm and runs its invocations, as docs/src/host-protocol.md says.
// One invocation at a time. Finding the class is load.mjs's work, bytes are wire.mjs's, printing is prints.mjs's;
// deadlines and sizes are the app's.
import { capturePrints, flushPrints, printFor } from './prints.mjs';
import { ERROR, FATAL, INIT_ERROR, READY, RECALLED, RESPONSE, Wire } from './wire.mjs';
import { RuntimeError, describe, errorText, textOf } from './errors.mjs';
import { loadWorkerClass } from './load.mjs';

const DATA_FD = 3;
const env = process.env;

// What a worker may replace and the host must keep (test helpers and signal-exit do patch these).
const now = Date.now;
const parse = JSON.parse;
const stringify = JSON.stringify;
const reallyExit = process.reallyExit?.bind(process) ?? process.exit.bind(process);

// The parts of the context that never change, read once.
const functionName = env.AWS_LAMBDA_FUNCTION_NAME;
const functionVersion = env.AWS_LAMBDA_FUNCTION_VERSION;
const memoryLimitInMB = env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE;
const logGroupName = env.AWS_LAMBDA_LOG_GROUP_NAME;
const logStreamName = env.AWS_LAMBDA_LOG_STREAM_NAME;
const invokedFunctionArn = env.BEDROCK_FUNCTION_ARN;

let worker = null; // null until the module is loaded
let current = null; // the invocation that is running
let last = null; // the one before, to which a late error is attributed
let trace = '';
let leaving = false;
const waiting = []; // invocations that came before READY, or while another one runs
let looping = false; // through `waiting`

function start() {
  capturePrints();
  const wire = new Wire(DATA_FD, receive, recall, () => leave(0));
  process.on('exit', flushPrints);
  process.on('uncaughtException', (error) => fatal(error));
  process.on('unhandledRejection', (reason) => fatal(unhandledRejection(reason)));
  process.on('beforeExit', nothingLeftToWaitFor);
  // For `invoke` in worker.js: {deadline, trace} of the current invocation, or null.
  Object.defineProperty(globalThis, Symbol.for('bedrock.host'), {
    value: {
      get current() {
        return current;
      },
    },
  });
  return wire;
}

const wire = start();
await load();

async function load() {
  const folder = env.BEDROCK_WORKER_DIR ?? process.cwd();
  try {
    process.chdir(folder); // as on Lambda, where the working directory is the worker's folder
    wire.unref();
    const WorkerClass = await loadWorkerClass(folder, env.BEDROCK_WORKER_CLASS ?? '');
    const made = new WorkerClass();
    if (leaving) return;
    worker = typeof made.handle === 'function' ? made : { handle: (event, context) => made.execute(event, context) };
  } catch (error) {
    initError(error);
    return;
  }
  wire.ref();
  flushPrints();
  wire.send(READY, null, '');
  runWaiting();
}

function receive(call) {
  if (worker === null || current !== null) waiting.push(call);
  else run(call);
}

/** The app has seen no answer for a while: what has not been started goes back, for another process. */
function recall() {
  for (const call of waiting.splice(0)) wire.send(RECALLED, call, '');
}

/** A loop and not a recursion: each of many waiting invocations may be answered at once. */
function runWaiting() {
  if (looping) return;
  looping = true;
  while (current === null && waiting.length > 0) run(waiting.shift());
  looping = false;
}

function run(call) {
  current = call;
  printFor(call.requestId);
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
    result = worker.handle(event, contextOf(call));
    if (result !== null && typeof result === 'object' && typeof result.then === 'function') {
      wire.unref();
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

function contextOf(call) {
  const deadline = call.deadline;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion,
    functionName,
    memoryLimitInMB,
    logGroupName,
    logStreamName,
    clientContext: call.clientContext === '' ? undefined : parse(call.clientContext),
    identity: undefined,
    invokedFunctionArn,
    awsRequestId: call.requestId,
    getRemainingTimeInMillis: () => deadline - now(),
  };
}

// As AWS's runtime does it: X-Ray and the AWS SDK read the variable.
function setTrace(value) {
  trace = value;
  if (value === '') delete env._X_AMZN_TRACE_ID;
  else env._X_AMZN_TRACE_ID = value;
}

function succeed(call, value) {
  if (current !== call) return; // a promise of the worker's own making that settles twice
  let text;
  try {
    text = stringify(value) ?? 'null';
  } catch (error) {
    // The type and the words of AWS's runtime; why it is so stands in the trace.
    answer(ERROR, call, errorText(new RuntimeError('Error', 'Unable to stringify response body', error)));
    return;
  }
  answer(RESPONSE, call, text);
}

function fail(call, error) {
  if (current === call) answer(ERROR, call, errorText(error));
}

function answer(kind, call, text) {
  if (leaving) return;
  printFor(null);
  last = current;
  current = null;
  wire.ref();
  wire.send(kind, call, text);
  if (waiting.length > 0) runWaiting();
}

function unhandledRejection(reason) {
  return new RuntimeError('Runtime.UnhandledPromiseRejection', textOf(reason), reason);
}

/** An error that nobody caught. It ends the process, as on Lambda, after the app knows of it. */
function fatal(error) {
  if (leaving) return;
  if (worker === null) return initError(error);
  if (current !== null) return sendAndLeave(FATAL, current, error);
  // Too late for an answer: the invocation that caused it has one. The app is told to use this process no more,
  // but the process does not end by itself, because the next invocation may be on its way to it already.
  if (last !== null) printFor(last.requestId);
  process.stderr.write(`${describe(error)}\n`);
  printFor(null);
  if (last !== null) wire.send(FATAL, last, errorText(error));
  return undefined;
}

function initError(error) {
  sendAndLeave(INIT_ERROR, null, error);
}

function sendAndLeave(kind, call, error) {
  if (leaving) return;
  leaving = true;
  flushPrints();
  wire.ref();
  wire.send(kind, call, errorText(error));
  wire.flushed(() => leave(1));
}

/**
 * Node has nothing to wait for but the data socket, so the promise of the worker can never settle.
 * AWS's runtime answers null then, instead of waiting for the timeout; so does this.
 */
function nothingLeftToWaitFor() {
  if (leaving) return;
  if (worker === null) {
    initError(
      new RuntimeError(
        'Runtime.ExitError',
        'the worker never finished loading: its top-level await waits for something that cannot happen',
      ),
    );
  } else if (current !== null) {
    succeed(current, null);
  }
}

/** Ends the process at once: without the worker's own `exit` listeners, which might not return. */
function leave(status) {
  leaving = true;
  flushPrints();
  reallyExit(status);
}
