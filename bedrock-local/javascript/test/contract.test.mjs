// Tests of the types of a worker: `static event` and `static response`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contractOf } from '../contract.mjs';
import { Host } from './driver.mjs';

/** Returns a schema of a library with Standard JSON Schema. */
function standard(input, output) {
  const jsonSchema = {
    input: ({ target }) => ({ ...input, target }),
    output: ({ target }) => ({ ...output, target }),
  };
  return { '~standard': { version: 1, vendor: 'test', jsonSchema } };
}

test('schemas of a library are read in the direction of the root', () => {
  const schema = standard({ type: 'string' }, { type: 'number' });
  const Probe = class {
    static event = schema;
    static response = schema;
  };
  const target = 'draft-2020-12';
  assert.deepEqual(contractOf(Probe), { event: { type: 'string', target }, response: { type: 'number', target } });
});

test('JSON Schema needs no library', () => {
  const Probe = class {
    static event = { type: 'integer' };
  };
  assert.deepEqual(contractOf(Probe), { event: { type: 'integer' } });
});

test('a class without schemas has no contract', () => {
  assert.deepEqual(contractOf(class {}), {});
});

test('what has no JSON Schema is a problem', () => {
  const failing = { '~standard': { jsonSchema: { input: () => { throw new Error('Date'); } } } };
  for (const [event, message] of [
    [failing, '`static event` has no JSON Schema: Date'],
    [{ '~standard': { vendor: 'old' } }, '`static event` has no JSON Schema: this version of old does not implement Standard JSON Schema'],
    [{ width: 'number' }, '`static event` is not a schema'],
    ['string', '`static event` is not a schema'],
    [null, '`static event` is not a schema'],
  ]) {
    const Probe = class {
      static event = event;
    };
    assert.equal(contractOf(Probe).problem.message, message);
  }
});

test('the host sends the contract only if it is asked', async () => {
  const main = `const { Worker } = require('./worker');
    class Probe extends Worker { static event = { type: 'integer' }; async execute() {} }`;
  const silent = await new Host({ files: { 'main.js': main } }).frame();
  assert.deepEqual([silent.kind, silent.text], ['READY', '']);
  const asked = await new Host({ files: { 'main.js': main }, env: { BEDROCK_CONTRACT: '1' } }).frame();
  assert.deepEqual([asked.kind, asked.text], ['READY', '{"event":{"type":"integer"}}']);
});
