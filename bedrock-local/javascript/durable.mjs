// Runs a durable worker with AWS's SDK: `execute` gets the SDK's own DurableContext. The SDK is one of the worker's
// dependencies, and it is loaded in the form that the worker's own module loads, because the classes of its errors would
// exist twice otherwise. Used by the local host (host.mjs) and on Lambda (lambda.mjs).
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RuntimeError } from './errors.mjs';
import { mainModule } from './load.mjs';

const PACKAGE = '@aws/durable-execution-sdk-js';
// A bundle contains the SDK, and passes it on under this symbol.
const BUNDLED_SDK = Symbol.for('bedrock.durable.sdk');

/**
 * Returns a handler that the SDK wraps around `handle`, for the worker in `folder`. `functionName` returns the function
 * of a worker; without it names are not changed, because `dev` finds workers by their names.
 */
export async function durableHandler(folder, handle, functionName) {
  const sdk = await durableSdk(folder);
  const options = functionName === undefined ? {} : clientOptions(sdk, functionName);
  const execute = sdk.withDurableExecution(handle, options);
  return (event, context) => {
    if (typeof event?.DurableExecutionArn === 'string') return execute(event, context);
    throw new RuntimeError(
      'Runtime.DurableConfigError',
      'the event is not of a durable execution: durable workers run in `cargo bedrock dev`, and on Lambda in functions ' +
        'that were created with a `DurableConfig`',
    );
  };
}

/** Returns the SDK of the worker in `folder`, in the form that its own module loads. */
export async function durableSdk(folder) {
  return globalThis[BUNDLED_SDK] ?? loadSdk(mainModule(folder));
}

/**
 * Returns options with a client that replaces the names of workers by their functions: Lambda knows only functions, and
 * `context.invoke` sends its name in a checkpoint. Empty for versions of the SDK whose client cannot be replaced.
 */
function clientOptions({ DurableExecutionApiClient }, functionName) {
  if (DurableExecutionApiClient === undefined) return {};
  const client = new DurableExecutionApiClient();
  const withFunction = (update) => {
    const options = update.ChainedInvokeOptions;
    if (options?.FunctionName === undefined) return update;
    return { ...update, ChainedInvokeOptions: { ...options, FunctionName: functionName(options.FunctionName) } };
  };
  return {
    durableExecutionClient: {
      getExecutionState: (request, logger) => client.getExecutionState(request, logger),
      checkpoint: (request, logger) =>
        client.checkpoint({ ...request, Updates: request.Updates?.map(withFunction) }, logger),
    },
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
