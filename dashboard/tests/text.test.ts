// Tests of text rendering, formatting and lossless JSON.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAnsi } from '../src/text/ansi';
import { findJsonError } from '../src/text/json_syntax';
import { curlCommand, endpointCommand, functionUrl, invokeCommand, shellQuote } from '../src/text/shell_command';
import { eventToCopy, missingNote } from '../src/text/copied_event';
import { truncate } from '../src/text/truncate';
import { ExactNumber, compact, isExact, parseExact, pretty } from '../src/text/exact_json';
import { ago, bytes, count, duration, plural, rate, percent, timeUntil } from '../src/text/format';
import { visiblePieces, makeVisible } from '../src/text/visible';

test('invisible characters and direction marks are made visible', () => {
  for (const [text, shown] of [
    ['a\u0000b', 'a‹NUL›b'],
    ['\u0007\u001b\u007f', '‹BEL›‹ESC›‹DEL›'],
    ['\u0085', '‹U+0085›'],
    ['user\u202egpj.exe', 'user‹RLO›gpj.exe'],
    ['\u2066x\u2069', '‹LRI›x‹PDI›'],
    ['zero\u200bwidth\ufeff', 'zero‹ZWSP›width‹BOM›'],
    ['line\u2028sep', 'line‹LS›sep'],
    ['\ud83d alone', '‹U+D83D› alone'],
    ['tag\u{e0041}', 'tag‹U+E0041›'],
    ['a\rb', 'a‹CR›b'],
  ] as const) {
    assert.equal(makeVisible(text), shown);
  }
  assert.deepEqual(visiblePieces('a\u0000'), [{ text: 'a' }, { text: '‹NUL›', mark: 'U+0000' }]);
});

test('letters of every script, tabs and line ends are unchanged', () => {
  for (const text of ['a\tb\nc', 'שלום (עולם)', 'مرحبا', '日本語', '👩‍👩‍👧 😀', '<img src=x>']) assert.deepEqual(visiblePieces(text), [{ text }]);
  assert.equal(makeVisible('a\r\nb'), 'a\nb');
  assert.deepEqual(visiblePieces(''), []);
});

test('ANSI colours are parsed, other escape sequences dropped', () => {
  assert.deepEqual(parseAnsi('\u001b[1;31mred\u001b[0m plain'), [{ text: 'red', style: 'ansi-f1 ansi-bold' }, { text: ' plain', style: '' }]);
  assert.deepEqual(parseAnsi('\u001b]0;title\u0007\u001b[2J\u001b[Htext'), [{ text: 'text', style: '' }]);
  assert.deepEqual(parseAnsi('\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\'), [{ text: 'link', style: '' }]);
  assert.deepEqual(parseAnsi('\u001b[38;5;196mx\u001b[39my'), [{ text: 'x', style: 'ansi-f9' }, { text: 'y', style: '' }]);
  assert.deepEqual(parseAnsi('\u001b[48;2;0;100;0mx'), [{ text: 'x', style: 'ansi-g2' }]);
  assert.deepEqual(parseAnsi('\u001b[97;7mx'), [{ text: 'x', style: 'ansi-f16 ansi-g15' }]);
  assert.deepEqual(parseAnsi('\u001b[?25hx\u001b[999mx'), [{ text: 'x', style: '' }, { text: 'x', style: '' }]);
  assert.deepEqual(parseAnsi(''), []);
});

test('an escape character without a sequence is kept', () => {
  assert.deepEqual(parseAnsi('a \u001b b'), [{ text: 'a \u001b b', style: '' }]);
});

test('truncation does not split a character', () => {
  assert.equal(truncate('abc', 3), 'abc');
  assert.equal(truncate('abcd', 3), 'abc');
  assert.equal(truncate('ab😀', 3), 'ab');
});

test('JSON syntax errors have line and column', () => {
  for (const [text, line, column, message] of [
    ['', 1, 1, 'expected a value, found the end'],
    ['{', 1, 2, 'expected a key in double quotes, found the end'],
    ['{\n  "a": 1,\n}', 3, 1, 'expected a key in double quotes, found `}`'],
    ['[1, 2,]', 1, 7, 'expected a value, found `]`'],
    ['[1 2]', 1, 4, 'expected `,` or `]`, found `2`'],
    ['{"a" 1}', 1, 6, 'expected `:`, found `1`'],
    ["{'a': 1}", 1, 2, "expected a key in double quotes, found `'`"],
    ['"a\nb"', 1, 1, 'this string does not end, or has a character that must be escaped'],
    ['"\\x"', 1, 1, 'this string does not end, or has a character that must be escaped'],
    ['01', 1, 2, 'expected the end, found `1`'],
    ['nul', 1, 1, 'expected a value, found `n`'],
    ['{} {}', 1, 4, 'expected the end, found `{`'],
    ['[1}', 1, 3, 'expected `,` or `]`, found `}`'],
    ['😀', 1, 1, 'expected a value, found `😀`'],
  ] as const) {
    assert.deepEqual(findJsonError(text), { line, column, message }, text);
    assert.throws(() => JSON.parse(text), text);
  }
});

test('valid JSON has no syntax error', () => {
  const deep = '['.repeat(50_000) + ']'.repeat(50_000);
  const long = `"${'x'.repeat(6_000_000)}${'\\n'.repeat(500_000)}"`;
  for (const text of [long, '{}', '[]', ' null ', '-0.5e+10', '"\\u00e9\\n"', '{"a":[1,{"b":[]},""],"c":{}}', '[\n]', '{ }', deep]) assert.equal(findJsonError(text), undefined, text.slice(0, 40));
});

test('JSON is written with the original digits', () => {
  const value = { b: [1, { c: null }], a: 'x', e: [], f: {}, n: new ExactNumber('12345678901234567890123') };
  assert.equal(pretty(value), '{\n  "b": [\n    1,\n    {\n      "c": null\n    }\n  ],\n  "a": "x",\n  "e": [],\n  "f": {},\n  "n": 12345678901234567890123\n}');
  assert.equal(compact(value), '{"b":[1,{"c":null}],"a":"x","e":[],"f":{},"n":12345678901234567890123}');
  assert.deepEqual(parseExact('{"a":[1,2.5,"x"]}'), { a: [1, 2.5, 'x'] });
});

test('a number is exact unless JavaScript would round it', () => {
  for (const source of ['0', '-0', '0.0', '12', '12.0', '20.120', '1e3', '1E-7', '0.1', '1795588500000042', '9007199254740993'.replace('3', '2')]) assert.ok(isExact(Number(source), source), source);
  for (const source of ['12345678901234567890123', '9007199254740993', '0.12345678901234567891', '1e400', '1e-400']) assert.ok(!isExact(Number(source), source), source);
});

test('numbers and times are formatted for readers', () => {
  assert.deepEqual([0.123, 1.25, 9.96, 42.4, 999.6, 1250, 12_340, 60_000, 125_000, 3_720_000].map(duration), ['0.12 ms', '1.3 ms', '10 ms', '42 ms', '1 s', '1.25 s', '12.3 s', '1 min', '2 min 5 s', '1 h 2 min']);
  assert.deepEqual([0, 1023, 1536, 5 * 1024 * 1024, 1024 ** 3].map(bytes), ['0 B', '1023 B', '1.5 KB', '5 MB', '1 GB']);
  assert.deepEqual([0, 999, 1000, 1234567].map(count), ['0', '999', '1,000', '1,234,567']);
  assert.deepEqual([plural(1, 'worker'), plural(0, 'worker')], ['1 worker', '0 workers']);
  assert.deepEqual([0, 1 / 60, 0.4, 12.4].map(rate), ['0/s', '1/min', '0.4/s', '12/s']);
  assert.deepEqual([0, 0.004, 0.5, 1].map(percent), ['0%', '0.4%', '50%', '100%']);
  assert.deepEqual([ago(1000, 1500), ago(0, 12_000), ago(0, 200_000), ago(0, 7_200_000)], ['now', '12 s ago', '3 min ago', '2 h ago']);
  assert.deepEqual([timeUntil(12_000, 0), timeUntil(0, 5)], ['in 12 s', 'now']);
});

test('shell commands are quoted', () => {
  assert.equal(shellQuote('a_b-1.2/x:y'), 'a_b-1.2/x:y');
  assert.equal(shellQuote("it's $HOME `x`"), "'it'\\''s $HOME `x`'");
  assert.equal(shellQuote(''), "''");
  assert.equal(invokeCommand('greeter', '{"name":"Ada"}'), `cargo bedrock invoke greeter --payload '{"name":"Ada"}'`);
  assert.equal(invokeCommand('greeter', '{}', true), `cargo bedrock invoke greeter --payload '{}' --event`);
  assert.match(curlCommand('http://127.0.0.1:7070', 'greeter', '{}', true), /-H 'X-Amz-Invocation-Type: Event' -d '{}' http:\/\/127\.0\.0\.1:7070\/2015-03-31\/functions\/greeter\/invocations$/);
  assert.equal(functionUrl('http://127.0.0.1:7070', 'endpoint'), 'http://endpoint.localhost:7070/');
  assert.equal(functionUrl('', 'endpoint'), 'http://endpoint.localhost:80/');
});

test('an event too long for an argument uses the standard input', () => {
  const long = `{"text":"${'é'.repeat(30_000)}"}`;
  assert.equal(invokeCommand('greeter', long, true), `cargo bedrock invoke greeter --payload - --event <<'EVENT'\n${long}\nEVENT\n`);
  const curl = curlCommand('http://127.0.0.1:7070', 'greeter', long);
  assert.ok(curl.includes(' --data-binary @- http://127.0.0.1:7070/2015-03-31/') && curl.endsWith(`/invocations <<'EVENT'\n${long}\nEVENT\n`));
  const other = `${'x'.repeat(30_000)}\nEVENT\nrm x`;
  assert.equal(invokeCommand('greeter', other), `cargo bedrock invoke greeter --payload '${other}'`);
});

test('function URL is a path if `localhost` is another machine', () => {
  for (const host of ['127.0.0.1', '[::1]', 'localhost']) assert.equal(functionUrl(`http://${host}:7070`, 'biller'), 'http://biller.localhost:7070/');
  for (const host of ['192.168.1.5', '[fe80::1]', '0.0.0.0', 'machine.lan']) assert.equal(functionUrl(`http://${host}:7070`, 'biller'), `http://${host}:7070/_url/biller/`);
});

test('endpoint is called without its URL where there is none', () => {
  assert.equal(endpointCommand('http://127.0.0.1:7070'), 'curl http://endpoint.localhost:7070/');
  for (const auth of ['iam', null] as const) assert.equal(endpointCommand('http://127.0.0.1:7070', auth), 'cargo bedrock invoke endpoint --path /');
});

test('full event is copied while stored, with a note of what is missing', async () => {
  const neverFetch = (): Promise<string> => Promise.reject(new Error('the event is already complete'));
  const full = { text: '{"a":1}', isTruncated: false };
  assert.deepEqual(await eventToCopy(full, neverFetch), full);
  assert.equal(missingNote(full), undefined);
  const cut = { text: '{"a":"x', isTruncated: true };
  assert.deepEqual(await eventToCopy(cut, async () => '{"a":"xyz"}'), { text: '{"a":"xyz"}', isTruncated: false });
  assert.deepEqual(await eventToCopy(cut, async () => undefined), cut);
  await assert.rejects(eventToCopy(cut, neverFetch));
  assert.match(missingNote(cut) ?? '', /^The full event is no longer stored: only its beginning is copied\.$/);
  assert.match(missingNote({ text: '{"card":"«redacted»"}', isTruncated: false }) ?? '', /^Fields hidden by the setting `redact` are copied as «redacted»/);
  assert.match(missingNote({ text: '{"card":"«redacted»","x', isTruncated: true }) ?? '', /^The full event is no longer stored.*; fields hidden/);
});
