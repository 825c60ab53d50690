// Tests of durable workers, with a stand-in for AWS's SDK that says in which form it was loaded.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Host } from './driver.mjs';

const SDK = 'node_modules/@aws/durable-execution-sdk-js';
const WRAP = (form) => `(handler) => async (event) => handler({ replayed: event.DurableExecutionArn }, { form: '${form}' })`;
const PACKAGE = {
  [`${SDK}/package.json`]: JSON.stringify({
    name: '@aws/durable-execution-sdk-js',
    main: './cjs.js',
    exports: { '.': { require: './cjs.js', import: './esm.mjs' } },
  }),
  [`${SDK}/cjs.js`]: `exports.withDurableExecution = ${WRAP('CommonJS')};`,
  [`${SDK}/esm.mjs`]: `export const withDurableExecution = ${WRAP('ES module')};`,
};
const CLASS = `class Probe extends Worker { async execute(event, context) { return [event, context.form]; } }`;
const CJS = { 'main.js': `const { Worker } = require('./worker');\n${CLASS}` };
const ESM = { 'main.mjs': `import { Worker } from './worker.js';\nexport ${CLASS}` };
const DURABLE = { env: { BEDROCK_DURABLE: '1' } };

for (const [form, main] of [
  ['CommonJS', CJS],
  ['ES module', ESM],
]) {
  test(`SDK is loaded as ${form} for a worker of this form`, async () => {
    const host = await new Host({ files: { ...main, ...PACKAGE }, ...DURABLE }).ready();
    assert.deepEqual(await host.call({ DurableExecutionArn: 'arn' }), [{ replayed: 'arn' }, form]);
    await host.end();
  });
}

test('event without an execution is an error', async () => {
  const host = await new Host({ files: { ...CJS, ...PACKAGE }, ...DURABLE }).ready();
  const { kind, body: error } = await host.invoke({});
  assert.equal(kind, 'ERROR');
  assert.equal(error.errorType, 'Runtime.DurableConfigError');
  assert.match(error.errorMessage, /^the event is not of a durable execution: durable workers run in/);
  await host.end();
});

test('missing SDK is an import error that names it', async () => {
  const { kind, body: error } = await new Host({ files: CJS, ...DURABLE }).frame();
  assert.equal(kind, 'INIT_ERROR');
  assert.equal(error.errorType, 'Runtime.ImportModuleError');
  assert.match(error.errorMessage, /'@aws\/durable-execution-sdk-js', which a durable worker needs/);
});
