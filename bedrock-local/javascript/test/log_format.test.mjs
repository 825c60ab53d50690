// Tests of the lines of `console`: the text format of AWS's runtime for Node.js.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runInThisContext } from 'node:vm';
import { Host, probe, requestIdOf } from './driver.mjs';

/** Runs one invocation and returns the printed lines. */
async function printed(body, { before = '', env = {} } = {}) {
  const host = await new Host({ files: probe(body, before), env }).ready();
  await host.call({});
  await host.end();
  return host.lines.map(({ text }) => text);
}

const WITHOUT_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t/;

test('every method has its level', async () => {
  const methods = ['trace', 'debug', 'info', 'log', 'warn', 'error', 'fatal'];
  const lines = await printed(methods.map((method) => `console.${method}('%s is %d', 'a', 1);`).join(' '), {
    before: `console.log('loading');`,
  });
  assert.ok(lines.every((line) => WITHOUT_TIME.test(line)), lines.join('\n'));
  const id = requestIdOf(1);
  assert.deepEqual(
    lines.map((line) => line.replace(WITHOUT_TIME, '')),
    [
      '\tINFO\tloading',
      `${id}\tTRACE\ta is 1`,
      `${id}\tDEBUG\ta is 1`,
      `${id}\tINFO\ta is 1`,
      `${id}\tINFO\ta is 1`,
      `${id}\tWARN\ta is 1`,
      `${id}\tERROR\ta is 1`,
      `${id}\tFATAL\ta is 1`,
    ],
  );
});

test('other output has no prefix', async () => {
  assert.deepEqual(await printed(`process.stdout.write('plain\\n'); console.table; console.group; return 1;`), ['plain']);
});

test('lines below the level of the function are left out', async () => {
  const body = `console.debug('a'); console.log('b'); console.warn('c'); console.error('d');`;
  const levels = (lines) => lines.map((line) => line.split('\t')[2]);
  assert.deepEqual(levels(await printed(body, { env: { AWS_LAMBDA_LOG_LEVEL: 'warn' } })), ['WARN', 'ERROR']);
  assert.equal((await printed(body, { env: { AWS_LAMBDA_LOG_LEVEL: 'loud' } })).length, 4);
});

// `cargo xtask setup` installs AWS's runtime client; `CARGO_TARGET_DIR` may have moved it.
const TARGET = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL('../../../target', import.meta.url));
const AWS_CLIENT = `${TARGET}/tools/node_ric/index.mjs`;

test('lines are formatted as by aws-lambda-ric', { skip: !existsSync(AWS_CLIENT) }, async () => {
  const source = readFileSync(AWS_CLIENT, 'utf8');
  const formatTextMessage = runInThisContext(
    `((format, FORMAT) => (${source.match(/^function formatTextMessage\(.*?^\}/ms)[0]}))`,
  )((await import('node:util')).format, { FIELD_DELIMITER: '\t' });
  const messages = [[], [undefined], ['a', 1, { b: [2n] }], ['%o %j', [1], { a: 1 }], [null, 'x\ty'], [Symbol('s')]];
  const body = `for (const message of [[], [undefined], ['a', 1, { b: [2n] }], ['%o %j', [1], { a: 1 }], [null, 'x\\ty'], [Symbol('s')]]) console.warn(...message);`;
  const lines = (await printed(body)).map((line) => line.replace(WITHOUT_TIME, ''));
  const expected = messages.map((message) => formatTextMessage('', requestIdOf(1), { name: 'WARN' }, ...message).slice(1));
  assert.deepEqual(lines.join('\n'), expected.join('\n'));
});
