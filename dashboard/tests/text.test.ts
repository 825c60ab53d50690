// Tests of what makes texts safe and short, and of JSON.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { styled } from '../src/text/ansi';
import { fault } from '../src/text/check';
import { curlCommand, functionUrl, invokeCommand, quoted } from '../src/text/command';
import { copied, lacks } from '../src/text/event';
import { head } from '../src/text/cut';
import { ExactNumber, compact, isExact, parseExact, pretty } from '../src/text/exact';
import { ago, bytes, count, duration, plural, rate, share, until } from '../src/text/format';
import { pieces, plain } from '../src/text/visible';

test('what cannot be seen or changes how other text looks is made visible', () => {
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
    assert.equal(plain(text), shown);
  }
  assert.deepEqual(pieces('a\u0000'), [{ text: 'a' }, { text: '‹NUL›', mark: 'U+0000' }]);
});

test('letters of every script, tabs and ends of lines stay as they are', () => {
  for (const text of ['a\tb\nc', 'שלום (עולם)', 'مرحبا', '日本語', '👩‍👩‍👧 😀', '<img src=x>']) assert.deepEqual(pieces(text), [{ text }]);
  assert.equal(plain('a\r\nb'), 'a\nb');
  assert.deepEqual(pieces(''), []);
});

test('colours of a terminal are read and every other escape sequence is dropped', () => {
  assert.deepEqual(styled('\u001b[1;31mred\u001b[0m plain'), [{ text: 'red', style: 'ansi-f1 ansi-bold' }, { text: ' plain', style: '' }]);
  assert.deepEqual(styled('\u001b]0;title\u0007\u001b[2J\u001b[Htext'), [{ text: 'text', style: '' }]);
  assert.deepEqual(styled('\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\'), [{ text: 'link', style: '' }]);
  assert.deepEqual(styled('\u001b[38;5;196mx\u001b[39my'), [{ text: 'x', style: 'ansi-f9' }, { text: 'y', style: '' }]);
  assert.deepEqual(styled('\u001b[48;2;0;100;0mx'), [{ text: 'x', style: 'ansi-g2' }]);
  assert.deepEqual(styled('\u001b[97;7mx'), [{ text: 'x', style: 'ansi-f16 ansi-g15' }]);
  assert.deepEqual(styled('\u001b[?25hx\u001b[999mx'), [{ text: 'x', style: '' }, { text: 'x', style: '' }]);
  assert.deepEqual(styled(''), []);
});

test('an escape that begins no sequence stays, to be made visible', () => {
  assert.deepEqual(styled('a \u001b b'), [{ text: 'a \u001b b', style: '' }]);
});

test('a text is not cut inside of a character', () => {
  assert.equal(head('abc', 3), 'abc');
  assert.equal(head('abcd', 3), 'abc');
  assert.equal(head('ab😀', 3), 'ab');
});

test('json that is wrong is found with its line and column', () => {
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
    assert.deepEqual(fault(text), { line, column, message }, text);
    assert.throws(() => JSON.parse(text), text);
  }
});

test('json that is right has no fault', () => {
  const deep = '['.repeat(50_000) + ']'.repeat(50_000);
  const long = `"${'x'.repeat(6_000_000)}${'\\n'.repeat(500_000)}"`;
  for (const text of [long, '{}', '[]', ' null ', '-0.5e+10', '"\\u00e9\\n"', '{"a":[1,{"b":[]},""],"c":{}}', '[\n]', '{ }', deep]) assert.equal(fault(text), undefined, text.slice(0, 40));
});

test('json is written as it was read', () => {
  const value = { b: [1, { c: null }], a: 'x', e: [], f: {}, n: new ExactNumber('12345678901234567890123') };
  assert.equal(pretty(value), '{\n  "b": [\n    1,\n    {\n      "c": null\n    }\n  ],\n  "a": "x",\n  "e": [],\n  "f": {},\n  "n": 12345678901234567890123\n}');
  assert.equal(compact(value), '{"b":[1,{"c":null}],"a":"x","e":[],"f":{},"n":12345678901234567890123}');
  assert.deepEqual(parseExact('{"a":[1,2.5,"x"]}'), { a: [1, 2.5, 'x'] });
});

test('a number is exact however it is written, unless JavaScript would round it', () => {
  for (const source of ['0', '-0', '0.0', '12', '12.0', '20.120', '1e3', '1E-7', '0.1', '1795588500000042', '9007199254740993'.replace('3', '2')]) assert.ok(isExact(Number(source), source), source);
  for (const source of ['12345678901234567890123', '9007199254740993', '0.12345678901234567891', '1e400', '1e-400']) assert.ok(!isExact(Number(source), source), source);
});

test('numbers and times read as people write them', () => {
  assert.deepEqual([0.123, 1.25, 9.96, 42.4, 999.6, 1250, 12_340, 60_000, 125_000, 3_720_000].map(duration), ['0.12 ms', '1.3 ms', '10 ms', '42 ms', '1 s', '1.25 s', '12.3 s', '1 min', '2 min 5 s', '1 h 2 min']);
  assert.deepEqual([0, 1023, 1536, 5 * 1024 * 1024, 1024 ** 3].map(bytes), ['0 B', '1023 B', '1.5 KB', '5 MB', '1 GB']);
  assert.deepEqual([0, 999, 1000, 1234567].map(count), ['0', '999', '1,000', '1,234,567']);
  assert.deepEqual([plural(1, 'worker'), plural(0, 'worker')], ['1 worker', '0 workers']);
  assert.deepEqual([0, 1 / 60, 0.4, 12.4].map(rate), ['0/s', '1/min', '0.4/s', '12/s']);
  assert.deepEqual([0, 0.004, 0.5, 1].map(share), ['0%', '0.4%', '50%', '100%']);
  assert.deepEqual([ago(1000, 1500), ago(0, 12_000), ago(0, 200_000), ago(0, 7_200_000)], ['now', '12 s ago', '3 min ago', '2 h ago']);
  assert.deepEqual([until(12_000, 0), until(0, 5)], ['in 12 s', 'now']);
});

test('commands are quoted for a shell', () => {
  assert.equal(quoted('a_b-1.2/x:y'), 'a_b-1.2/x:y');
  assert.equal(quoted("it's $HOME `x`"), "'it'\\''s $HOME `x`'");
  assert.equal(quoted(''), "''");
  assert.equal(invokeCommand('greeter', '{"name":"Ada"}'), `cargo bedrock invoke greeter --payload '{"name":"Ada"}'`);
  assert.equal(invokeCommand('greeter', '{}', true), `cargo bedrock invoke greeter --payload '{}' --event`);
  assert.match(curlCommand('http://127.0.0.1:7070', 'greeter', '{}', true), /-H 'X-Amz-Invocation-Type: Event' -d '{}' http:\/\/127\.0\.0\.1:7070\/2015-03-31\/functions\/greeter\/invocations$/);
  assert.equal(functionUrl('http://127.0.0.1:7070', 'endpoint'), 'http://endpoint.localhost:7070/');
  assert.equal(functionUrl('', 'endpoint'), 'http://endpoint.localhost:80/');
});

test('an event that is too long for an argument comes over the standard input', () => {
  const long = `{"text":"${'é'.repeat(30_000)}"}`;
  assert.equal(invokeCommand('greeter', long, true), `cargo bedrock invoke greeter --payload - --event <<'EVENT'\n${long}\nEVENT\n`);
  const curl = curlCommand('http://127.0.0.1:7070', 'greeter', long);
  assert.ok(curl.includes(' --data-binary @- http://127.0.0.1:7070/2015-03-31/') && curl.endsWith(`/invocations <<'EVENT'\n${long}\nEVENT\n`));
  const other = `${'x'.repeat(30_000)}\nEVENT\nrm x`;
  assert.equal(invokeCommand('greeter', other), `cargo bedrock invoke greeter --payload '${other}'`);
});

test('the URL of a function is a path where `localhost` is another machine', () => {
  for (const host of ['127.0.0.1', '[::1]', 'localhost']) assert.equal(functionUrl(`http://${host}:7070`, 'biller'), 'http://biller.localhost:7070/');
  for (const host of ['192.168.1.5', '[fe80::1]', '0.0.0.0', 'laptop.lan']) assert.equal(functionUrl(`http://${host}:7070`, 'biller'), `http://${host}:7070/_url/biller/`);
});

test('an event is copied whole while it is kept, and what is missing is said', async () => {
  const never = (): Promise<string> => Promise.reject(new Error('it is whole already'));
  const whole = { text: '{"a":1}', isCut: false };
  assert.deepEqual(await copied(whole, never), whole);
  assert.equal(lacks(whole), undefined);
  const cut = { text: '{"a":"x', isCut: true };
  assert.deepEqual(await copied(cut, async () => '{"a":"xyz"}'), { text: '{"a":"xyz"}', isCut: false });
  assert.deepEqual(await copied(cut, async () => undefined), cut);
  await assert.rejects(copied(cut, never));
  assert.match(lacks(cut) ?? '', /^The event is not kept any more, so that only its beginning is copied\.$/);
  assert.match(lacks({ text: '{"card":"«redacted»"}', isCut: false }) ?? '', /^Fields that are not shown, by the setting `redact`, are copied as «redacted»/);
  assert.match(lacks({ text: '{"card":"«redacted»","x', isCut: true }) ?? '', /^The event is not kept .*; fields that are not shown/);
});
