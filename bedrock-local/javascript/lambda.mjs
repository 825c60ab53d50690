// Entry point of a JavaScript worker on Lambda, `bedrock/lambda.handler`. It finds the worker's class like the local
// host, so that the same files run unchanged. In the zip it is in `bedrock/`, next to load.mjs, hooks.mjs and
// errors.mjs. AWS's own runtime calls it, and reports errors of this module by their name.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RuntimeError } from './errors.mjs';
import { loadWorkerClass } from './load.mjs';

const VERSION = 1;
const root = fileURLToPath(new URL('..', import.meta.url));
const WorkerClass = await loadWorkerClass(root, className(`${root}bedrock.json`));
const worker = new WorkerClass();

// Two arguments and async: Lambda's Node 24 rejects a handler that seems to take a callback.
export async function handler(event, context) {
  return typeof worker.handle === 'function' ? worker.handle(event, context) : worker.execute(event, context);
}

/**
 * Reads the class name from `{"version": 1, "app": …, "worker": …, "class": …}`, which `cargo bedrock build` adds to
 * the zip.
 */
function className(path) {
  let text;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new RuntimeError('Runtime.ImportModuleError', `Error: Cannot find module 'main': ${cause.message}`, cause);
  }
  const { version, class: name } = JSON.parse(text);
  if (version !== VERSION) {
    throw new Error(`\`${path}\` has version ${version}, and the files next to it read ${VERSION}`);
  }
  return name;
}
