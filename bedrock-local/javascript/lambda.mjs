// Entry point of a JavaScript worker on Lambda, `bedrock/lambda.handler`. It finds the worker's class like the local
// host, so that the same files run unchanged. In the zip it is in `bedrock/`, next to load.mjs, hooks.mjs and
// errors.mjs. AWS's own runtime calls it, and reports errors of this module by their name.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RuntimeError, logCauses } from './errors.mjs';
import { loadWorkerClass, streamMarks } from './load.mjs';
import { uncaughtErrorsOnLambda } from './uncaught.mjs';

const VERSION = 1;
const root = fileURLToPath(new URL('..', import.meta.url));
const identity = readIdentity(`${root}bedrock.json`);
const withUncaughtErrors = uncaughtErrorsOnLambda();
const WorkerClass = await loadWorkerClass(root, identity.class);
const worker = new WorkerClass();
const marks = streamMarks(worker, identity.durable);
// A worker.js of an earlier version has no `handleStream`.
const method = [marks ? 'handleStream' : 'handle', 'execute'].find((name) => typeof worker[name] === 'function');
const checkedRun = await checked((...args) => worker[method](...args));
const run = identity.durable ? await durable(checkedRun) : checkedRun;
const runToEnd = withUncaughtErrors(async (...args) => {
  try {
    return await run(...args);
  } catch (error) {
    logCauses(error);
    throw error;
  }
});

// Gets `event, context`, or `event, responseStream, context`. Two parameters and async: Lambda's Node 24 rejects a handler that
// seems to take a callback.
export async function handler(event, first, ...rest) {
  return marks ? runToEnd(event, first, rest[0]) : runToEnd(event, first);
}
// The runtime streams if it finds the marks of `awslambda.streamifyResponse`.
Object.assign(handler, marks);

/** Returns `execute` with checks against contract.json, if BEDROCK_CHECK_CONTRACTS is 1 and the worker has the file. */
async function checked(execute) {
  const path = `${root}contract.json`;
  if (process.env.BEDROCK_CHECK_CONTRACTS !== '1' || !existsSync(path)) return execute;
  // Imported here, because it is rarely asked for, and only then in the zip.
  const { check } = await import('./validate.mjs');
  const contract = JSON.parse(readFileSync(path, 'utf8'));
  return async (event, ...rest) => {
    check(contract, 'event', event);
    const response = await execute(event, ...rest);
    if (!marks) check(contract, 'response', response ?? null);
    return response;
  };
}

/** Returns the handler of a durable worker, which runs `execute` for each replay. */
async function durable(execute) {
  // Imported here, because few workers are durable.
  const { durableHandler } = await import('./durable.mjs');
  const { functionName } = await import('./function_name.mjs');
  return durableHandler(root, execute, (name) => functionName(identity, name));
}

/**
 * Returns `{"version": 1, "app": …, "worker": …, "class": …}`, which `cargo bedrock build` adds to the zip. Durable
 * workers also have `"durable": true`.
 */
function readIdentity(path) {
  let text;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new RuntimeError('Runtime.ImportModuleError', `Error: Cannot find module 'main': ${cause.message}`, cause);
  }
  const content = JSON.parse(text);
  if (content.version !== VERSION) {
    throw new Error(`\`${path}\` has version ${content.version}, and the files next to it read ${VERSION}`);
  }
  return content;
}
