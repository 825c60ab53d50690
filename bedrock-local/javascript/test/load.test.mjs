// Tests of loading a worker's class: file names, module kinds, exported or only declared, and the errors.
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Host, workerFolder } from './driver.mjs';

const CJS = `const { Worker } = require('./worker');\n`;
const ESM = `import { Worker, invoke, InvocationError } from './worker.js';\n`;
const CLASS = `class Probe extends Worker { async execute() { return [new.target === undefined, this.constructor.name, typeof this.handle]; } }`;
const MODULE = { 'package.json': '{"type": "module"}' };

/** Starts a host, checks the response of CLASS, and returns the printed lines. */
async function answers(files, expected = 'Probe', options = {}) {
  const host = await new Host({ files, ...options }).ready();
  assert.equal((await host.call({}))[1], expected, JSON.stringify(files));
  await host.end();
  return host.lines.map((line) => line.text);
}

// Inserted before a module, it shows whether the module ran once.
const COUNT = `process.stdout.write('loaded\\n');\n`;

const found = {
  'CommonJS, only declared': { 'main.js': CJS + CLASS },
  'CommonJS, exports.Probe': { 'main.js': `${CJS}exports.Probe = ${CLASS}` },
  'CommonJS, module.exports = class': { 'main.js': `${CJS}module.exports = ${CLASS}` },
  'CommonJS, module.exports = { Probe }': {
    'main.js': `${CJS}${CLASS}\nmodule.exports = { Worker, Probe, other: 1, nothing: null }`,
  },
  'CommonJS, exports.default': { 'main.js': `${CJS}exports.__esModule = true; exports.default = ${CLASS}` },
  'CommonJS in main.cjs': { 'main.cjs': CJS + CLASS },
  'CommonJS, a class expression in a constant': { 'main.js': `${CJS}const Probe = ${CLASS}` },
  'CommonJS with "type": "commonjs"': { 'main.js': CJS + CLASS, 'package.json': '{"type": "commonjs"}' },
  'CommonJS in main.cjs of an ES module package': { 'main.cjs': CJS + CLASS, ...MODULE },
  'CommonJS that also imports dynamically': { 'main.js': `${CJS}const later =\nimport('node:fs');\n${CLASS}` },
  'ES module, exported': { 'main.mjs': `${ESM}export ${CLASS}` },
  'ES module, default': { 'main.mjs': `${ESM}export default ${CLASS}` },
  'ES module, default by name': { 'main.mjs': `${ESM}${CLASS}\nexport default Probe;` },
  'ES module, an export list': { 'main.mjs': `${ESM}${CLASS}\nexport const one = 1;\nexport { one as two, Probe };` },
  'ES module, default object': { 'main.mjs': `${ESM}${CLASS}\nexport default { Probe };` },
  'ES module, only declared': { 'main.mjs': ESM + CLASS },
  'ES module, only declared, something else exported': { 'main.mjs': `${ESM}export const one = 1;\n${CLASS}` },
  'ES module, export commented out': { 'main.mjs': `${ESM}${CLASS}\n// export { Probe };` },
  'ES module with a top-level await': { 'main.mjs': `${ESM}const one = await Promise.resolve(1);\nexport ${CLASS}` },
  'ES module, top-level await, only declared': { 'main.mjs': `${ESM}const one = await Promise.resolve(1);\n${CLASS}` },
  'ES module package, exported': { 'main.js': `${ESM}export ${CLASS}`, ...MODULE },
  'ES module package, only declared': { 'main.js': ESM + CLASS, ...MODULE },
  'ES module package, default import of worker.js': {
    'main.js': `import base from './worker.js';\nconst { Worker } = base;\n${CLASS}`,
    ...MODULE,
  },
  'ES module package, worker.js renamed to worker.cjs': {
    'main.js': `import { Worker } from './worker.cjs';\nexport ${CLASS}`,
    'worker.cjs': `class Worker { handle(e, c) { return this.execute(e, c); } }\nmodule.exports = { Worker };`,
    ...MODULE,
  },
  'ES module package, worker.js rewritten as an ES module': {
    'main.js': `import { Worker } from './worker.js';\nexport ${CLASS}`,
    'worker.js': `export class Worker { handle(e, c) { return this.execute(e, c); } }`,
    ...MODULE,
  },
  'ES module syntax in main.js without "type"': { 'main.js': `${ESM}export ${CLASS}` },
  'ES module syntax in main.js without "type", only declared': { 'main.js': ESM + CLASS },
  'ES module syntax and top-level await in main.js without "type"': {
    'main.js': `const one = await Promise.resolve(1);\n${ESM}export ${CLASS}`,
  },
  'a byte order mark, CommonJS': { 'main.js': `\ufeff${CJS}${CLASS}` },
  'a byte order mark, ES module': { 'main.mjs': `\ufeff${ESM}${CLASS}` },
  'a shebang, CommonJS': { 'main.js': `#!/usr/bin/env node\n${CJS}${CLASS}` },
  'a shebang, ES module': { 'main.mjs': `#!/usr/bin/env node\n${ESM}${CLASS}` },
  '"use strict", which still holds': {
    'main.js': `'use strict';\n${CJS}if ((function () { return this; })() !== undefined) throw new Error('sloppy');\n${CLASS}`,
  },
  'a trailing comment without a line feed, CommonJS': { 'main.js': `${CJS}${CLASS} // the end` },
  'a trailing comment without a line feed, ES module': { 'main.mjs': `${ESM}${CLASS} // the end` },
  'a trailing statement without a semicolon': { 'main.js': `${CJS}${CLASS}\nconst f = () => 1, g = f` },
  'a source map comment': { 'main.js': `${CJS}${CLASS}\n//# sourceMappingURL=main.js.map` },
  'Windows line ends': { 'main.js': `${CJS}${CLASS}`.replaceAll('\n', '\r\n') },
};

for (const [name, files] of Object.entries(found)) {
  test(`class is found and module runs once: ${name}`, async () => {
    const [main] = Object.keys(files);
    const head = /^(?:\ufeff)?(?:#!.*\n)?(?:'use strict';\r?\n)?/.exec(files[main])[0];
    const counted = { ...files, [main]: head + COUNT + files[main].slice(head.length) };
    assert.deepEqual(await answers(counted), ['loaded']);
  });
}

test('main.js precedes main.mjs, which precedes main.cjs', async () => {
  const named = (name) => `export class Probe { execute() { return [0, '${name}']; } }`;
  await answers({ 'main.cjs': 'throw 1', 'main.mjs': named('main.mjs') }, 'main.mjs');
  await answers({ 'main.mjs': 'throw 1', 'main.js': CJS + CLASS });
});

test('class of the configured name has priority', async () => {
  const other = 'class Other { execute() { return [0, "other"]; } }';
  await answers({ 'main.js': `${CJS}${CLASS}\n${other}\nmodule.exports = { Other, Probe };` });
  await answers({ 'main.js': `${CJS}${CLASS}\n${other}\nexports.Other = Other;` }, 'other');
  await answers({ 'main.mjs': `export ${other}` }, 'other');
  await answers({ 'main.js': `exports.Worker = require('./worker').Worker; exports.Other = ${other}` }, 'other');
});

test('worker in a symlinked folder is found', async () => {
  for (const files of [
    { 'main.js': CJS + CLASS },
    { 'main.mjs': ESM + CLASS },
    { 'main.js': ESM + CLASS, ...MODULE },
  ]) {
    const link = join(workerFolder({}), 'link');
    symlinkSync(workerFolder(files), link);
    await answers({}, 'Probe', { folder: link });
  }
});

test('stack has lines and columns of the file', async () => {
  const body = 'class Probe extends Worker { async execute() { throw new Error("here"); } }';
  for (const [files, line] of [
    [{ 'main.js': CJS + body }, 2],
    [{ 'main.mjs': ESM + body }, 2],
    [{ 'main.js': ESM + body, ...MODULE }, 2],
    [{ 'main.js': `'use strict'; ${CJS}\n\n${body}` }, 4],
  ]) {
    const host = await new Host({ files }).ready();
    const { body: error } = await host.invoke({});
    assert.match(error.trace[1], new RegExp(`main\\.m?js:${line}:54\\)`), error.trace.join('\n'));
  }
});

test('worker.js is one module for import and require', async () => {
  const files = {
    'main.js': `${ESM}import { createRequire } from 'node:module';\nconst other = createRequire(import.meta.url)('./worker.js');
      export class Probe extends Worker { async execute() { return [0, other.Worker === Worker && other.invoke === invoke && other.InvocationError === InvocationError]; } }`,
    ...MODULE,
  };
  await answers(files, true);
});

test('packages in NODE_PATH are found by import', async () => {
  const layer = workerFolder({
    'node_modules/dep/package.json': '{"main": "dep.js"}',
    'node_modules/dep/dep.js': `exports.name = 'from the layer';`,
  });
  const env = { NODE_PATH: join(layer, 'node_modules') };
  const body = 'export class Probe { execute() { return [0, dep.name]; } }';
  await answers({ 'main.mjs': `import dep from 'dep';\n${body}` }, 'from the layer', { env });
  await answers({ 'main.js': `const dep = require('dep');\nexports.Probe = ${body.slice(7)}` }, 'from the layer', {
    env,
  });
  const missing = new Host({ files: { 'main.mjs': `import 'absent';\n${body}` }, env });
  assert.match((await missing.frame()).body.errorMessage, /Cannot find package 'absent'/);
});

async function initError(files, options = {}) {
  const host = new Host({ files, ...options });
  const frame = await host.frame();
  assert.equal(frame.kind, 'INIT_ERROR', JSON.stringify(frame));
  assert.deepEqual(await host.exited, { code: 1, signal: null });
  return frame.body;
}

test('missing dependency is Runtime.ImportModuleError', async () => {
  const cjs = await initError({ 'main.js': `const axios = require('axios');` });
  assert.equal(cjs.errorType, 'Runtime.ImportModuleError');
  assert.match(cjs.errorMessage, /^Error: Cannot find module 'axios'\nRequire stack:\n- .*main\.js\n/);
  assert.equal(cjs.trace[0], `Runtime.ImportModuleError: Error: Cannot find module 'axios'`);
  const esm = await initError({ 'main.mjs': `import axios from 'axios';` });
  assert.equal(esm.errorType, 'Runtime.ImportModuleError');
  assert.match(esm.errorMessage, /^Error: Cannot find package 'axios' imported from .*main\.mjs/);
});

test('syntax error is Runtime.UserCodeSyntaxError with its place', async () => {
  const cjs = await initError({ 'main.js': `const ok = 1;\nconst = 5;\n` });
  assert.deepEqual(
    [cjs.errorType, cjs.errorMessage],
    ['Runtime.UserCodeSyntaxError', "SyntaxError: Unexpected token '='"],
  );
  assert.ok(
    cjs.trace.some((line) => /main\.js:2/.test(line)),
    cjs.trace.join('\n'),
  );
  const esm = await initError({ 'main.mjs': `export const ok = 1;\nconst = 5;\n` });
  assert.deepEqual(
    [esm.errorType, esm.errorMessage],
    ['Runtime.UserCodeSyntaxError', "SyntaxError: Unexpected token '='"],
  );
  const name = await initError({ 'main.mjs': `import { Wroker } from './worker.js';` });
  assert.equal(name.errorType, 'Runtime.UserCodeSyntaxError');
  assert.match(name.errorMessage, /Wroker/);
});

test('missing class is Runtime.HandlerNotFound with file and class', async () => {
  const missing = await initError({ 'main.js': `class Prode { execute() {} }\nclass Helper {}` });
  assert.equal(missing.errorType, 'Runtime.HandlerNotFound');
  assert.match(
    missing.errorMessage,
    /^no class `Probe` with an `execute` method in main\.js: it has `Prode`, `Helper`; .*main\.js\)$/,
  );
  assert.match((await initError({ 'main.mjs': `export const one = 1;` })).errorMessage, /it has no class/);
  assert.match((await initError({ 'main.js': `` })).errorMessage, /no class `Probe`/);
  assert.match((await initError({ 'main.js': `module.exports = null;` })).errorMessage, /no class `Probe`/);
  assert.match(
    (await initError({ 'main.js': `class Probe {}` })).errorMessage,
    /class `Probe` in main\.js has no `execute` method/,
  );
  assert.match(
    (await initError({ 'main.js': `if (true) { class Probe { execute() {} } }` })).errorMessage,
    /export it/,
  );
  assert.match((await initError({ 'main.js': '' }, { className: 'a b; process.exit(9)' })).errorMessage, /no class/);
});

test('missing main file or folder is an init error', async () => {
  const empty = await initError({ 'other.js': '' });
  assert.equal(empty.errorType, 'Runtime.ImportModuleError');
  assert.match(empty.errorMessage, /no main\.js, main\.mjs, main\.cjs, main\.ts, main\.mts, main\.cts in /);
  const gone = await initError({}, { folder: '/nonexistent/worker' });
  assert.match(gone.errorMessage, /\/nonexistent\/worker/);
});

test('main file that throws a non-error is an init error', async () => {
  assert.deepEqual((await initError({ 'main.js': `throw 'text';` })).errorType, 'string');
  assert.match((await initError({ 'main.js': `throw undefined;` })).errorMessage, /main\.js threw undefined/);
});

test('missing execute override is reported', async () => {
  const host = await new Host({ files: { 'main.js': `${CJS}class Probe extends Worker {}` } }).ready();
  assert.match((await host.invoke({})).body.errorMessage, /Probe has no method `execute\(event, context\)`/);
});
