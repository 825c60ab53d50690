// The entry of a JavaScript worker on Lambda: a handler that finds the worker's class just as the local host does,
// so that the same files run there unchanged. The zip holds it next to load.mjs, hooks.mjs and errors.mjs;
// AWS's own runtime does the rest, and reports what goes wrong here under the name of the error.
import { loadWorkerClass } from './load.mjs';

const folder = process.env.LAMBDA_TASK_ROOT ?? process.cwd();
const WorkerClass = await loadWorkerClass(folder, process.env.BEDROCK_WORKER_CLASS ?? '');
const worker = new WorkerClass();

// Two arguments and async: Lambda's Node 24 refuses a handler that looks as if it took a callback.
export async function handler(event, context) {
  return typeof worker.handle === 'function' ? worker.handle(event, context) : worker.execute(event, context);
}
