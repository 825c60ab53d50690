// Changes AWS's SDK for durable functions while it is loaded, for replays: its function that compares an operation of the
// code with the recorded one also calls an observer. The loader's thread runs `load` in versions of Node.js without
// synchronous hooks.
import Module from 'node:module';

/** The key of the observer, a function with the operation of the code and the recorded one. */
export const OBSERVER = Symbol.for('bedrock.replay.observer');
/** The key of `true` if the SDK calls the observer. */
export const IS_OBSERVED = Symbol.for('bedrock.replay.is_observed');
const COMPARISON = /const validateReplayConsistency = \(\w+, (\w+), (\w+), \w+\) => \{/;
const IS_SDK = /durable-execution-sdk-js/;

/** Returns a source with a call of the observer. */
export function observed(source) {
  if (!COMPARISON.test(source)) return source;
  const call = (head, current, recorded) =>
    `${head} globalThis[Symbol.for('bedrock.replay.observer')]?.(${current}, ${recorded});`;
  return `${source.replace(COMPARISON, call)}\n;globalThis[Symbol.for('bedrock.replay.is_observed')] = true;\n`;
}

/** Observes the SDK, as CommonJS or as an ES module, from now on. */
export function observeSdk() {
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (content, filename, ...rest) {
    return compile.call(this, IS_SDK.test(filename) ? observed(content) : content, filename, ...rest);
  };
  if (typeof Module.registerHooks === 'function') {
    Module.registerHooks({ load: (url, context, next) => observedModule(url, next(url, context)) });
  } else {
    Module.register(import.meta.url);
  }
}

/** The hook in the loader's thread. */
export async function load(url, context, next) {
  return observedModule(url, await next(url, context));
}

function observedModule(url, loaded) {
  if (loaded.format !== 'module' || !loaded.source || !IS_SDK.test(url)) return loaded;
  return { ...loaded, source: observed(Buffer.from(loaded.source).toString()) };
}
