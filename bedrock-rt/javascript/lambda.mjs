// The entry of a JavaScript worker on Lambda, `bedrock/lambda.handler`: finds the worker's class just as the local host
// does, so that the same files run there unchanged. The zip holds it in `bedrock/`, next to load.mjs, hooks.mjs and
// errors.mjs; AWS's own runtime does the rest, and reports what goes wrong here under the name of the error.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RuntimeError } from './errors.mjs';
import { loadWorkerClass } from './load.mjs';

const VERSION = 1;
const root = fileURLToPath(new URL('..', import.meta.url));
const WorkerClass = await loadWorkerClass(root, className(`${root}bedrock.json`));
const worker = new WorkerClass();

// Two arguments and async: Lambda's Node 24 refuses a handler that looks as if it took a callback.
export async function handler(event, context) {
  return typeof worker.handle === 'function' ? worker.handle(event, context) : worker.execute(event, context);
}

/** Of `{"version": 1, "app": …, "worker": …, "class": …}`, which `cargo bedrock build` puts into the zip. */
function className(path) {
  let text;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new RuntimeError('Runtime.ImportModuleError', `Error: Cannot find module 'main': ${cause.message}`, cause);
  }
  const { version, class: name } = JSON.parse(text);
  if (version !== VERSION) {
    throw new Error(`\`${path}\` has version ${version}, and the files beside it read ${VERSION}`);
  }
  return name;
}
