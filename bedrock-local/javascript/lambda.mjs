// Entry point of a JavaScript worker on Lambda, `bedrock/lambda.handler`. It finds the worker's class like the local
// host, so that the same files run unchanged. In the zip it is in `bedrock/`, next to load.mjs, hooks.mjs and
// errors.mjs. AWS's own runtime calls it, and reports errors of this module by their name.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RuntimeError } from './errors.mjs';
import { loadWorkerClass } from './load.mjs';
import { uncaughtErrorsOnLambda } from './uncaught.mjs';

const VERSION = 1;
const root = fileURLToPath(new URL('..', import.meta.url));
const identity = readIdentity(`${root}bedrock.json`);
const withUncaughtErrors = uncaughtErrorsOnLambda();
const WorkerClass = await loadWorkerClass(root, identity.class);
const worker = new WorkerClass();
const checkedRun = await checked((event, context) =>
  typeof worker.handle === 'function' ? worker.handle(event, context) : worker.execute(event, context),
);
const run = identity.durable ? await durable(checkedRun) : checkedRun;
const runToEnd = withUncaughtErrors(async (event, context) => run(event, context));

// Two arguments and async: Lambda's Node 24 rejects a handler that seems to take a callback.
export async function handler(event, context) {
  return runToEnd(event, context);
}

/** Returns `execute` with checks against contract.json, if BEDROCK_CHECK_CONTRACTS is 1 and the worker has the file. */
async function checked(execute) {
  const path = `${root}contract.json`;
  if (process.env.BEDROCK_CHECK_CONTRACTS !== '1' || !existsSync(path)) return execute;
  // Imported here, because it is rarely asked for, and only then in the zip.
  const { check } = await import('./validate.mjs');
  const contract = JSON.parse(readFileSync(path, 'utf8'));
  return async (event, context) => {
    check(contract, 'event', event);
    const response = await execute(event, context);
    check(contract, 'response', response ?? null);
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
