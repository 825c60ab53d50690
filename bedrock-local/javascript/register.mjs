// Lets `node --import …/register.mjs` load the TypeScript files of the worker in the current folder, as load.mjs does, and find
// packages in NODE_PATH, where those of the worker are for shared code.
// For test runners.
import Module from 'node:module';
import { existsSync } from 'node:fs';
import { extendRequire, findEsbuild } from './typescript.mjs';
import { hooksFor } from './hooks.mjs';

const isTypeScript = !['main.js', 'main.mjs', 'main.cjs'].some((name) => existsSync(name));
const esbuild = isTypeScript ? findEsbuild(process.cwd()) : '';
const plan = {
  main: '',
  captureStatement: '',
  asModule: false,
  base: '',
  shim: '',
  nodePath: Boolean(process.env.NODE_PATH),
  isTypeScript,
  esbuild,
  kind: undefined,
};
if (isTypeScript) {
  process.setSourceMapsEnabled(true);
  extendRequire(esbuild);
}
if (typeof Module.registerHooks === 'function') Module.registerHooks(hooksFor(plan));
else Module.register('./hooks.mjs', { parentURL: import.meta.url, data: plan });
