// Tests of workers in TypeScript: with the esbuild of the worker on a Node.js that cannot remove types, and with one
// that can.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Host, workerFolder } from './driver.mjs';

const TOOLS = process.env.CARGO_TARGET_DIR
  ? join(process.env.CARGO_TARGET_DIR, 'tools')
  : fileURLToPath(new URL('../../../target/tools', import.meta.url));
const MODULES = join(TOOLS, 'checkers/node_modules');
const REGISTER = fileURLToPath(new URL('../register.mjs', import.meta.url));
const MODULE = { 'package.json': '{"type": "module"}' };
const ESM = `import { Worker } from './worker.js';\nimport { name, type Named } from './lib/name.ts';\n`;
const CLASS = `class Probe extends Worker {
  private readonly named: Named = { name };

  async execute(event: { fail?: boolean }): Promise<string> {
    if (event.fail) throw new Error(\`failed as \${this.named.name}\`);
    return this.named.name as string;
  }
}`;
const NAME = { 'lib/name.ts': `export interface Named { name: string }\nexport const name: string = 'typed';\n` };

/** The Node.js versions that are there: the one of the tests, and one that removes types. */
function nodes() {
  const native = join(TOOLS, 'node24/bin/node');
  const found = [{ node: process.execPath, modules: process.features.typescript ? null : MODULES }];
  if (existsSync(native)) found.push({ node: native, modules: null });
  return found;
}

/** Creates the folder of a worker that has esbuild if its Node.js needs it. */
function folderFor({ modules }, files) {
  const folder = workerFolder(files);
  if (modules !== null) symlinkSync(modules, join(folder, 'node_modules'));
  return folder;
}

const isSkipped = existsSync(join(MODULES, 'esbuild')) ? false : 'run `cargo xtask setup`';
if (isSkipped && process.env.CI) throw new Error('with CI set nothing may be skipped');

const found = {
  'ES module package, exported': { 'main.ts': `${ESM}export ${CLASS}`, ...NAME, ...MODULE },
  'ES module package, only declared': { 'main.ts': ESM + CLASS, ...NAME, ...MODULE },
  'package without type': { 'main.ts': `${ESM}export ${CLASS}`, ...NAME },
  'main.mts': { 'main.mts': `${ESM.replace('.ts', '.mts')}export ${CLASS}`, 'lib/name.mts': NAME['lib/name.ts'] },
  'imported as the name that tsc would write': {
    'main.ts': `${ESM.replace('./lib/name.ts', './lib/name.js')}export ${CLASS}`,
    ...NAME,
    ...MODULE,
  },
  CommonJS: {
    'main.cts': `const { Worker } = require('./worker');\nconst { name } = require('./lib/name.cts');\ntype Named = any;\n${CLASS}`,
    'lib/name.cts': `const name: string = 'typed';\nmodule.exports = { name };\n`,
  },
};

for (const [name, files] of Object.entries(found)) {
  test(`class is found: ${name}`, { skip: isSkipped }, async () => {
    for (const version of nodes()) {
      const host = await new Host({ folder: folderFor(version, files), node: version.node }).ready();
      assert.equal((await host.call({})), 'typed', version.node);
      await host.end();
      const printed = host.lines.map((line) => line.text).filter((line) => !/ExperimentalWarning|--trace-warnings/.test(line));
      assert.deepEqual(printed, [], version.node);
    }
  });
}

test('stack has the lines of the TypeScript file', { skip: isSkipped }, async () => {
  const files = { 'main.ts': `${ESM}export ${CLASS}`, ...NAME, ...MODULE };
  for (const version of nodes()) {
    const host = await new Host({ folder: folderFor(version, files), node: version.node }).ready();
    const { body: error } = await host.invoke({ fail: true });
    assert.equal(error.errorMessage, 'failed as typed');
    assert.match(error.trace[1], /main\.ts:7:\d+\)/, error.trace.join('\n'));
  }
});

test('syntax error has its line', { skip: isSkipped }, async () => {
  const version = nodes()[0];
  const host = new Host({ folder: folderFor(version, { 'main.ts': 'export const ok: number = 1;\nconst = 5;\n' }) });
  const frame = await host.frame();
  assert.equal(frame.kind, 'INIT_ERROR');
  assert.equal(frame.body.errorType, 'Runtime.UserCodeSyntaxError');
  assert.ok(
    frame.body.trace.some((line) => /main\.ts:2/.test(line)),
    frame.body.trace.join('\n'),
  );
});

test('missing esbuild is explained', { skip: process.features.typescript ? 'this Node.js needs none' : false }, async () => {
  const host = new Host({ files: { 'main.ts': 'export class Probe { execute() {} }\n' } });
  const frame = await host.frame();
  assert.equal(frame.body.errorType, 'Runtime.ImportModuleError');
  assert.match(frame.body.errorMessage, /use Node 22\.18 or newer, or run `npm install --save-dev esbuild` in /);
});

test('test runner loads TypeScript', { skip: isSkipped }, () => {
  const file = `import { test } from 'node:test';\nimport { name } from './lib/name.ts';\ntest(name as string, () => {});\n`;
  for (const version of nodes()) {
    const folder = folderFor(version, { 'a.test.ts': file, ...NAME, ...MODULE });
    const env = { ...process.env };
    delete env.NODE_TEST_CONTEXT;
    const arguments_ = ['--import', pathToFileURL(REGISTER).href, '--test', '--test-reporter=tap', 'a.test.ts'];
    const output = execFileSync(version.node, arguments_, { cwd: folder, env, encoding: 'utf8' });
    assert.match(output, /# pass 1/, version.node);
  }
});
