// Tests of the program that replays executions, with a stand-in for AWS's SDK. With the SDK itself it is tested by
// `cargo-bedrock/tests/cli/replay.rs`.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { observed } from '../observe_sdk.mjs';
import { HOST, workerFolder } from './driver.mjs';

const SDK = 'node_modules/@aws/durable-execution-sdk-js/index.js';
const MAIN = { 'main.js': 'exports.Flow = class { async execute() {} };' };
const COMPARISON = 'const validateReplayConsistency = (id, current, recorded, context) => {';

async function replay(files) {
  const folder = workerFolder(files);
  writeFileSync(join(folder, 'request.json'), JSON.stringify({ class: 'Flow', arn: 'arn', folder, operations: [] }));
  const program = join(HOST, '..', 'replay.mjs');
  await promisify(execFile)(process.execPath, [program, 'request.json', 'report.json'], { cwd: folder });
  const report = join(folder, 'report.json');
  return existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
}

test('SDK that cannot be observed is refused', async () => {
  const { unsupported } = await replay({ ...MAIN, [SDK]: 'exports.withDurableExecution = (handler) => handler;' });
  assert.match(unsupported, /^this version of `@aws\/durable-execution-sdk-js` cannot be observed/);
});

test('code that never ends is pending, and its end is reported otherwise', async () => {
  const sdk = (result) =>
    `const validate = () => { ${COMPARISON} }; };\nexports.withDurableExecution = () => () => ${result};`;
  const outcome = async (result) => (await replay({ ...MAIN, [SDK]: sdk(result) })).outcome;
  assert.deepEqual(await outcome('new Promise(() => {})'), { status: 'PENDING' });
  assert.deepEqual(await outcome('Promise.resolve({ Status: "SUCCEEDED" })'), { status: 'SUCCEEDED' });
  assert.deepEqual(await outcome('Promise.reject(new TypeError("no"))'), {
    status: 'FAILED',
    error_type: 'TypeError',
    error_message: 'no',
  });
});

test('missing SDK is the outcome of the replay', async () => {
  const { outcome } = await replay(MAIN);
  assert.equal(outcome.error_type, 'Runtime.ImportModuleError');
});

test('only the comparison of the SDK is changed', () => {
  assert.equal(observed('const other = 1;'), 'const other = 1;');
  assert.match(observed(COMPARISON), /=> \{ globalThis\[Symbol\.for\('bedrock\.replay\.observer'\)\]\?\.\(current, recorded\);/);
});
