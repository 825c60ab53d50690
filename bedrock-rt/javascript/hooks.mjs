// Module hooks for workers that are ES modules: applies what load.mjs found necessary for one worker (its `plan`)
// while Node loads it. Works in the thread itself (registerHooks) and in the loader's thread (register).
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** The hooks for Module.registerHooks, which are synchronous. */
export function hooksFor(plan) {
  return {
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        return next(fromNodePath(plan, specifier, context, error), context);
      }
    },
    load(url, context, next) {
      return baseClass(plan, url, context) ?? withTail(plan, url, next(url, inFormat(plan, url, context)));
    },
  };
}

let loaderPlan = null;

/** The same for Module.register, which calls these three in the loader's thread. */
export function initialize(plan) {
  loaderPlan = plan;
}

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    return next(fromNodePath(loaderPlan, specifier, context, error), context);
  }
}

export async function load(url, context, next) {
  const base = baseClass(loaderPlan, url, context);
  return base ?? withTail(loaderPlan, url, await next(url, inFormat(loaderPlan, url, context)));
}

/** `import` ignores NODE_PATH, but Lambda's Node looks there for the packages of layers, so this one does, too. */
function fromNodePath(plan, specifier, context, error) {
  const isPackage = /^[^./]/.test(specifier) && !/^[a-z]+:/.test(specifier);
  if (!plan.nodePath || error?.code !== 'ERR_MODULE_NOT_FOUND' || !isPackage) throw error;
  try {
    return pathToFileURL(createRequire(context.parentURL).resolve(specifier)).href;
  } catch {
    throw error;
  }
}

/** worker.js for `import`; `require` has its own way to it (load.mjs). Null for any other file. */
function baseClass(plan, url, context) {
  if (url !== plan.base || context.conditions?.includes('require')) return null;
  return { format: 'module', source: plan.shim, shortCircuit: true };
}

function inFormat(plan, url, context) {
  return plan.asModule && url === plan.main ? { ...context, format: 'module' } : context;
}

function withTail(plan, url, loaded) {
  if (url !== plan.main || plan.tail === '' || !loaded.source) return loaded;
  const text = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
  return { ...loaded, source: text + plan.tail };
}
