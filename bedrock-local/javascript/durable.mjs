// Runs a durable worker with AWS's SDK: `execute` gets the SDK's own DurableContext. The SDK is one of the worker's
// dependencies, and it is loaded in the form that the worker's own module loads, because the classes of its errors would
// exist twice otherwise.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RuntimeError } from './errors.mjs';
import { mainModule } from './load.mjs';

const PACKAGE = '@aws/durable-execution-sdk-js';

/** Returns a handler that the SDK wraps around `handle`, for the worker in `folder`. */
export async function durableHandler(folder, handle) {
  const { withDurableExecution } = await loadSdk(mainModule(folder));
  const execute = withDurableExecution(handle);
  return (event, context) => {
    if (typeof event?.DurableExecutionArn === 'string') return execute(event, context);
    throw new RuntimeError(
      'Runtime.DurableConfigError',
      'a durable worker runs in an execution, which `cargo bedrock dev` starts',
    );
  };
}

async function loadSdk({ file, isModule }) {
  const require = createRequire(file);
  let path;
  try {
    path = require.resolve(PACKAGE);
  } catch (cause) {
    throw new RuntimeError(
      'Runtime.ImportModuleError',
      `Error: Cannot find package '${PACKAGE}', which a durable worker needs: add it to the dependencies in its package.json`,
      cause,
    );
  }
  return isModule ? import(pathToFileURL(esModuleOf(path)).href) : require(path);
}

/** Returns the ES module of the package that contains the CommonJS module `path`. */
function esModuleOf(path) {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const manifest = readManifest(folder);
    if (manifest?.name === PACKAGE) {
      const entry = manifest.exports?.['.']?.import ?? manifest.module;
      return typeof entry === 'string' ? join(folder, entry) : path;
    }
    if (dirname(folder) === folder) return path;
  }
}

function readManifest(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  } catch {
    return undefined;
  }
}
