// Errors that no invocation can catch: a promise that can never settle, an exception in a timer, a rejection that nothing
// handles. The local host (host.mjs) and the entry point on Lambda (lambda.mjs) report the same errors. On Lambda they replace
// the end of the process, of which AWS's runtime for Node.js 24 reports only the exit status.
import { RuntimeError, formatForLog, toText } from './errors.mjs';

// Exit statuses of AWS's runtime for Node.js 20.
const UNCAUGHT_STATUS = 129;
const REJECTED_STATUS = 128;

/** The error of an invocation whose promise can never settle. The type is that of AWS's runtimes. */
export function neverSettled() {
  const message = 'the promise of the worker can never settle: nothing is left in the event loop that could settle it';
  return new RuntimeError('Runtime.NodeJsExit', message);
}

/**
 * Calls `handle(error, status)` for each uncaught error. A worker that listens itself decides what happens: its listeners
 * replace ours, as they would keep the process alive.
 */
export function onUncaught(handle) {
  const isAlone = (event) => process.listenerCount(event) === 1;
  process.on('uncaughtException', (error) => {
    if (isAlone('uncaughtException')) handle(error, UNCAUGHT_STATUS);
  });
  process.on('unhandledRejection', (reason) => {
    if (!isAlone('unhandledRejection')) return;
    // Without our listener, Node.js would raise it like this.
    if (!isAlone('uncaughtException')) throw reason;
    handle(new RuntimeError('Runtime.UnhandledPromiseRejection', toText(reason), reason), REJECTED_STATUS);
  });
}

/**
 * Returns a function that wraps `execute` for Lambda: an uncaught error fails the current invocation, and the process exits
 * when the error is reported. A runtime that listens itself, as the one of Node.js 20 does, is left alone. Called before the
 * worker is loaded, whose listeners are not those of the runtime.
 */
export function uncaughtErrorsOnLambda() {
  const events = ['uncaughtException', 'unhandledRejection', 'beforeExit'];
  if (events.some((event) => process.listenerCount(event) > 0)) return (execute) => execute;
  let current = null; // rejects the current invocation
  onUncaught((error, status) => {
    if (current === null) {
      process.stderr.write(`${formatForLog(error)}\n`);
      process.exit(status);
    }
    current(error);
    // AWS's runtime takes the error with the next microtasks, waits for one immediate, and posts it in that one.
    queueMicrotask(() => setImmediate(() => setImmediate(() => process.exit(status))));
  });
  process.on('beforeExit', () => current?.(neverSettled()));
  return (execute) => (...args) =>
    new Promise((resolve, reject) => {
      const fail = (error) => {
        if (current === fail) current = null;
        reject(error);
      };
      current = fail;
      execute(...args).then((response) => {
        if (current === fail) current = null;
        resolve(response);
      }, fail);
    });
}
