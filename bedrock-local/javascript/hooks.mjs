// Module hooks for workers that are ES modules: apply the `plan` that load.mjs made for one worker while Node loads it.
// They run in the main thread (registerHooks) or in the loader's thread (register).
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { loadTypeScript, typeScriptSpecifier } from './typescript.mjs';

/** Returns the hooks for Module.registerHooks, which are synchronous. */
export function hooksFor(plan) {
  return {
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        return next(resolveOtherwise(plan, specifier, context, error), context);
      }
    },
    load(url, context, next) {
      const replaced = workerModuleShim(plan, url, context) ?? withoutTypes(plan, url);
      return replaced ?? withCaptureStatement(plan, url, next(url, withModuleFormat(plan, url, context)));
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
    return next(resolveOtherwise(loaderPlan, specifier, context, error), context);
  }
}

export async function load(url, context, next) {
  const replaced = workerModuleShim(loaderPlan, url, context) ?? withoutTypes(loaderPlan, url);
  return replaced ?? withCaptureStatement(loaderPlan, url, await next(url, withModuleFormat(loaderPlan, url, context)));
}

/** Finds what Node.js has not found: packages in NODE_PATH, and `./x.ts` for `./x.js`. */
function resolveOtherwise(plan, specifier, context, error) {
  const isMissing = error?.code === 'ERR_MODULE_NOT_FOUND';
  const renamed = plan.isTypeScript && isMissing ? typeScriptSpecifier(specifier, context.parentURL) : null;
  return renamed ?? resolveInNodePath(plan, specifier, context, error);
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
  const format = plan.isTypeScript ? 'module-typescript' : 'module';
  return plan.asModule && url === plan.main ? { ...context, format } : context;
}

/** Returns a TypeScript file without its types, if Node.js cannot remove them itself. Null for any other file. */
function withoutTypes(plan, url) {
  if (!plan.isTypeScript) return null;
  return loadTypeScript(plan.esbuild, url, plan.kind, url === plan.main ? plan.captureStatement : '');
}

function withCaptureStatement(plan, url, loaded) {
  if (url !== plan.main || plan.captureStatement === '' || !loaded.source) return loaded;
  const text = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
  return { ...loaded, source: text + plan.captureStatement };
}
