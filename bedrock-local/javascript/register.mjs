// Lets `node --import …/register.mjs` load the TypeScript files of the worker in the current folder, as load.mjs does.
// For test runners.
import Module from 'node:module';
import { extendRequire, findEsbuild } from './typescript.mjs';
import { hooksFor } from './hooks.mjs';

const esbuild = findEsbuild(process.cwd());
const plan = {
  main: '',
  captureStatement: '',
  asModule: false,
  base: '',
  shim: '',
  nodePath: false,
  isTypeScript: true,
  esbuild,
  kind: undefined,
};
process.setSourceMapsEnabled(true);
extendRequire(esbuild);
if (typeof Module.registerHooks === 'function') Module.registerHooks(hooksFor(plan));
else Module.register('./hooks.mjs', { parentURL: import.meta.url, data: plan });
