// Module hooks for workers that are ES modules: apply the `plan` that load.mjs made for one worker while Node loads it.
// They run in the main thread (registerHooks) or in the loader's thread (register).
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Returns the hooks for Module.registerHooks, which are synchronous. */
export function hooksFor(plan) {
  return {
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        return next(resolveInNodePath(plan, specifier, context, error), context);
      }
    },
    load(url, context, next) {
      return workerModuleShim(plan, url, context) ?? withCaptureStatement(plan, url, next(url, withModuleFormat(plan, url, context)));
    },
  };
}

let loaderPlan = null;

/** The same hooks for Module.register, which calls these three functions in the loader's thread. */
export function initialize(plan) {
  loaderPlan = plan;
}

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    return next(resolveInNodePath(loaderPlan, specifier, context, error), context);
  }
}

export async function load(url, context, next) {
  const base = workerModuleShim(loaderPlan, url, context);
  return base ?? withCaptureStatement(loaderPlan, url, await next(url, withModuleFormat(loaderPlan, url, context)));
}

/** Finds packages in NODE_PATH, which `import` ignores. Lambda's Node finds the packages of layers there. */
function resolveInNodePath(plan, specifier, context, error) {
  const isPackage = /^[^./]/.test(specifier) && !/^[a-z]+:/.test(specifier);
  if (!plan.nodePath || error?.code !== 'ERR_MODULE_NOT_FOUND' || !isPackage) throw error;
  try {
    return pathToFileURL(createRequire(context.parentURL).resolve(specifier)).href;
  } catch {
    throw error;
  }
}

/** Returns worker.js for `import`; load.mjs handles `require`. Null for any other file. */
function workerModuleShim(plan, url, context) {
  if (url !== plan.base || context.conditions?.includes('require')) return null;
  return { format: 'module', source: plan.shim, shortCircuit: true };
}

function withModuleFormat(plan, url, context) {
  return plan.asModule && url === plan.main ? { ...context, format: 'module' } : context;
}

function withCaptureStatement(plan, url, loaded) {
  if (url !== plan.main || plan.captureStatement === '' || !loaded.source) return loaded;
  const text = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
  return { ...loaded, source: text + plan.captureStatement };
}
