// Hostile documents end with few violations and short messages, whatever their size and depth.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, violations } from '../validate.mjs';

const SIZE = 6_000_000;
const TREE = {
  properties: { event: { $ref: '#/$defs/Tree' } },
  $defs: { Tree: { type: 'object', properties: { children: { type: 'array', items: { $ref: '#/$defs/Tree' } } } } },
};

const string = (schema) => ({ properties: { event: { type: 'string', ...schema } } });

test('deep documents end with one violation', () => {
  const document = JSON.parse(`${'{"children":['.repeat(10_000)}${']}'.repeat(10_000)}`);
  const found = violations(TREE, 'event', document);
  assert.equal(found.length, 1);
  assert.match(found[0], /nested more than 127 levels deep$/);
});

test('large documents end with few violations', () => {
  const wide = { children: Array.from({ length: 500_000 }, () => 1) };
  const names = Object.fromEntries(Array.from({ length: 200_000 }, (_, number) => [`n${number}`, 1]));
  for (const document of [wide, names]) assert.equal(violations(TREE, 'event', document).length, 20);
  const [message] = violations(TREE, 'event', { children: 'x'.repeat(SIZE) });
  assert.ok(message.length < 200, message.slice(0, 200));
});

test('large strings are checked for each format', () => {
  const base64 = string({ contentEncoding: 'base64' });
  assert.deepEqual(violations(base64, 'event', 'A'.repeat(SIZE)), []);
  for (const text of ['A'.repeat(SIZE + 1), `${'A'.repeat(SIZE)}!`, '='.repeat(SIZE)]) {
    assert.equal(violations(base64, 'event', text).length, 1);
  }
  for (const format of ['date-time', 'date', 'uuid', 'uri', 'email', 'decimal']) {
    for (const text of ['@'.repeat(SIZE), `${'1'.repeat(SIZE)}x`, `2026-11-29T12:00:00.${'1'.repeat(SIZE)}`]) {
      const found = violations(string({ format }), 'event', text);
      assert.ok(found.length === 1 && found[0].length < 200, format);
    }
  }
});

test('huge numbers and names of prototypes are violations', () => {
  const integer = { properties: { event: { type: 'integer' } } };
  for (const text of ['1e400', '-1e400', '9'.repeat(10_000), '9007199254740993']) {
    assert.throws(() => check(integer, 'event', JSON.parse(text)), { name: 'ContractViolation' });
  }
  const found = violations(TREE, 'event', JSON.parse('{"__proto__": 1, "constructor": 1}'));
  assert.deepEqual(
    found.map((line) => line.split(':')[0]),
    ['`event.__proto__`', '`event.constructor`'],
  );
});
