// Tests of failed invocations after which the host keeps running: the error format of AWS's Node runtime.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runInNewContext, runInThisContext } from 'node:vm';
import { errorJson } from '../errors.mjs';
import { Host, consoleText, probe, requestIdOf } from './driver.mjs';

/**
 * Runs a list of [body of execute, expected error type and message] in one host. After each error the host must still
 * respond.
 */
async function expectErrors(cases, before = '') {
  const switchOn = cases.map(([body], index) => `case ${index}: ${body}; break;`).join('\n');
  const host = await new Host({
    files: probe(`switch (event) { ${switchOn} default: return 'alive'; }`, before),
  }).ready();
  for (const [index, [body, type, message]] of cases.entries()) {
    const frame = await host.invoke(index);
    assert.equal(frame.kind, 'ERROR', body);
    assert.equal(frame.body.errorType, type, body);
    if (message instanceof RegExp) assert.match(frame.body.errorMessage, message, body);
    else assert.equal(frame.body.errorMessage, message, body);
    assert.ok(Array.isArray(frame.body.trace), body);
    assert.equal(await host.call('alive'), 'alive', body);
  }
}

test('thrown error has name, message and stack', async () => {
  const host = await new Host({ files: probe('throw new TypeError("no width");') }).ready();
  const { body } = await host.invoke({});
  assert.equal(body.errorType, 'TypeError');
  assert.equal(body.errorMessage, 'no width');
  assert.equal(body.trace[0], 'TypeError: no width');
  assert.match(body.trace[1], /^ {4}at Probe\.execute \(.*main\.js:5:11\)$/);
  assert.ok(
    body.trace.every((line) => !line.includes('host.mjs')),
    body.trace.join('\n'),
  );
});

test('causes of an error are logged', async () => {
  const body = `
    const gone = new Error('database is gone');
    gone.stack = 'Error: database is gone\\n    at query';
    if (event === 'cause') throw new TypeError('not stored', { cause: gone });
    if (event === 'text') throw new Error('outer', { cause: new Error('inner', { cause: 'disk full' }) });
    if (event === 'group') await Promise.any([Promise.reject(gone), Promise.reject('no')]);
    if (event === 'own') { gone.cause = gone; throw gone; }
    if (event === 'broken') throw Object.defineProperty(gone, 'cause', { get() { throw new Error('unreadable'); } });
    throw gone;`;
  const host = await new Host({ files: probe(body) }).ready();
  const events = ['cause', 'text', 'group', 'own', 'broken', 'plain'];
  const messages = [];
  for (const event of events) messages.push((await host.invoke(event)).body.errorMessage);
  const gone = 'database is gone';
  assert.deepEqual(messages, ['not stored', 'outer', 'All promises were rejected', gone, gone, gone]);
  await host.end();
  const logged = events.map((_, at) => host.lines.filter(({ requestId }) => requestId === requestIdOf(at + 1)));
  const [cause, text, group, ...others] = logged.map((lines) => lines.map((line) => consoleText(line.text)));
  assert.deepEqual(cause, ['caused by: Error: database is gone', '    at query']);
  assert.deepEqual([text[0], text.at(-1)], ['caused by: Error: inner', 'caused by: disk full']);
  assert.deepEqual(group, ['one of the errors: Error: database is gone', '    at query', 'one of the errors: no']);
  assert.deepEqual(others, [[], [], []]);
});

test('errors of all kinds match the format of AWS', async () => {
  await expectErrors(
    [
      ['throw new Error("plain")', 'Error', 'plain'],
      ['throw new Named("named")', 'NamedError', 'named'],
      ['throw new Unnamed("unnamed")', 'Error', 'unnamed'],
      ['throw Object.assign(new Error("renamed"), { name: "Other" })', 'Other', 'renamed'],
      ['throw Object.assign(new RangeError("nameless"), { name: "" })', '', 'nameless'],
      ['throw new Error("grüße \\u0000 👩‍🚀")', 'Error', 'grüße \u0000 👩‍🚀'],
      ['throw Object.assign(new Error("x"), { stack: 5 })', 'handled', /problem while/],
      ['throw new Error("a\\x7Fb")', 'Error', 'a%7Fb'],
      ['throw Object.assign(new Error(), { message: { a: 1 } })', 'handled', /problem while/],
      ['throw require("vm").runInNewContext("new TypeError(\'elsewhere\')")', 'object', 'TypeError: elsewhere'],
      ['await Promise.reject(new Error("rejected"))', 'Error', 'rejected'],
      ['await new Promise((_, no) => setImmediate(no, new Error("later")))', 'Error', 'later'],
      ['throw new AggregateError([new Error("a")], "several")', 'AggregateError', 'several'],
      ['null.width', 'TypeError', /Cannot read properties of null/],
      ['(function f() { f(); })()', 'RangeError', 'Maximum call stack size exceeded'],
    ],
    'class Named extends Error { name = "NamedError"; } class Unnamed extends Error {}',
  );
});

test('thrown values that are not errors are reported', async () => {
  await expectErrors([
    ['throw "a string"', 'string', 'a string'],
    ['throw 42', 'number', '42'],
    ['throw { code: 1 }', 'object', '[object Object]'],
    ['throw undefined', 'undefined', 'undefined'],
    ['throw null', 'object', 'null'],
    ['throw 1n', 'bigint', '1'],
    ['throw () => 1', 'function', '() => 1'],
    ['await Promise.reject()', 'undefined', 'undefined'],
    ['throw Symbol("s")', 'symbol', 'Symbol(s)'],
    ['throw Object.create(null)', 'handled', /problem while retrieving/],
    ['throw { get name() { throw 1; } }', 'object', '[object Object]'],
    ['throw { toString() { return { not: "text" }; } }', 'handled', /problem while retrieving/],
    ['throw { toString: () => 7 }', 'object', '7'],
    ['throw { get then() { throw new Error("trap"); }, toString: () => "thenable" }', 'object', 'thenable'],
  ]);
});

test('exception of a synchronous execute is reported', async () => {
  const host = await new Host({
    files: {
      'main.js':
        'class Probe { execute(event) { if (event.fail) throw event.what === "error" ? new Error("sync") : null; return 1; } }',
    },
  }).ready();
  assert.equal((await host.invoke({ fail: true, what: 'error' })).body.errorMessage, 'sync');
  assert.equal((await host.invoke({ fail: true })).body.errorMessage, 'null');
  assert.equal(await host.call({}), 1);
});

test('result with a throwing then property is an error', async () => {
  const host = await new Host({
    files: { 'main.js': 'class Probe { execute() { return { get then() { throw new Error("trap"); } }; } }' },
  }).ready();
  assert.equal((await host.invoke({})).body.errorMessage, 'trap');
  assert.equal((await host.invoke({})).body.errorMessage, 'trap');
});

test('unserializable result is an error with the reason in the trace', async () => {
  const unable = 'Unable to stringify response body';
  await expectErrors([
    ['return 1n', 'Runtime.JSONStringifyError', unable],
    ['const ring = {}; ring.ring = ring; return ring', 'Runtime.JSONStringifyError', unable],
    ['return { toJSON() { throw new Error("no"); } }', 'Runtime.JSONStringifyError', unable],
    ['return { get broken() { throw new Error("no"); } }', 'Runtime.JSONStringifyError', unable],
  ]);
  const host = await new Host({ files: probe('return { id: 1n };') }).ready();
  assert.match((await host.invoke({})).body.trace[1], /TypeError: .*BigInt/);
});

test('invalid JSON event fails its invocation', async () => {
  const host = await new Host({ files: probe('return 1;') }).ready();
  for (const text of ['', '{', 'undefined', '\u0000', "{'a': 1}"]) {
    const { kind, body } = await host.invoke(null, { text });
    assert.deepEqual([kind, body.errorType], ['ERROR', 'Runtime.UnmarshalError']);
    assert.match(body.errorMessage, /the event is not JSON: /);
  }
  assert.equal(await host.call({}), 1);
});

test('very deep nesting does not end the host', async () => {
  const host = await new Host({
    files: probe(
      'if (event === "out") { let v = 1; for (let i = 0; i < 200000; i++) v = [v]; return v; } return "ok";',
    ),
  }).ready();
  const deep = `${'['.repeat(200000)}${']'.repeat(200000)}`;
  const inward = await host.invoke(null, { text: deep });
  assert.ok(inward.text === '"ok"' || inward.body.errorType === 'Runtime.UnmarshalError', inward.text);
  host.send('out');
  const outward = await rawKind(host);
  assert.ok(['RESPONSE', 'ERROR'].includes(outward));
  assert.equal(await host.call('next'), 'ok');
});

/** Node 24 writes deep JSON without recursion; JSON.parse of this test may fail. */
async function rawKind(host) {
  return (await host.frame()).kind;
}

test('host survives a worker that replaces JSON and fs.writeSync', async () => {
  const host = await new Host({
    files: probe(
      'console.log("still"); return context.getRemainingTimeInMillis() > 0;',
      `
      JSON.parse = JSON.stringify = Date.now = () => { throw new Error('mine'); };
      require('fs').writeSync = () => { throw new Error('mine'); };
      require('module').syncBuiltinESMExports();`,
    ),
  }).ready();
  assert.equal(await host.call({}), true);
  assert.deepEqual((await host.end(), host.lines.map((line) => consoleText(line.text))), ['still']);
});

// `cargo xtask setup` installs AWS's runtime client; `CARGO_TARGET_DIR` may have moved it.
const TARGET = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL('../../../target', import.meta.url));
const AWS_CLIENT = `${TARGET}/tools/node_ric/index.mjs`;

test('errors are formatted as by aws-lambda-ric', { skip: !existsSync(AWS_CLIENT) }, () => {
  const source = readFileSync(AWS_CLIENT, 'utf8').match(/^function formatError\(error\) \{\n.*?^\}/ms)[0];
  const formatError = runInThisContext(`(${source})`);
  const values = [
    undefined, null, 0, '', 'text', 1n, Symbol('s'), () => 1, {}, [], [1, 2], { toString: () => 'own' },
    Object.create(null), { toString: null }, { name: 'N', message: 'm', stack: 's' }, new Date(0), /x/,
    new Error(), new Error('a\x7Fb'), new TypeError('t', { cause: 1 }), new AggregateError([1], 'several'),
    Object.assign(new Error('x'), { name: '' }), Object.assign(new Error('x'), { name: 5 }),
    Object.assign(new Error('x'), { stack: '' }), Object.assign(new Error('x'), { stack: undefined }),
    Object.assign(new Error('x'), { message: 7 }), new (class Own extends Error { name = 'Own'; })('own'),
    runInNewContext('new Error("elsewhere")'),
  ];
  for (const value of values) {
    const expected = JSON.parse(JSON.stringify(formatError(value)));
    // The host hides its own files, and this test is next to them.
    expected.trace = expected.trace.filter((line) => !line.includes(new URL('..', import.meta.url).href));
    assert.deepEqual(JSON.parse(errorJson(value)), expected);
  }
});
