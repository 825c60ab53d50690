// Tests of the output of a worker, and of what a worker may do to its standard output.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Host, consoleText, probe, requestIdOf } from './driver.mjs';

/** Runs one invocation per event and returns the printed lines as [request number or null, text without the prefix of `console`]. */
async function printed(body, { before = '', events = [{}], ...options } = {}) {
  const host = await new Host({ files: probe(body, before), ...options }).ready();
  for (const event of events) await host.call(event);
  await host.end();
  const numberOf = (requestId) => (requestId === null ? null : Number(requestId.slice(-12)));
  return host.lines.map(({ requestId, text }) => [numberOf(requestId), consoleText(text)]);
}

test('lines are tagged with their invocation', async () => {
  const lines = await printed(`console.log('out', event); console.error('err'); process.stdout.write('a\\nb\\n');`, {
    before: `console.log('loading');`,
    events: ['x', 'y'],
  });
  assert.deepEqual(lines, [
    [null, 'loading'],
    [1, 'out x'],
    [1, 'err'],
    [1, 'a'],
    [1, 'b'],
    [2, 'out y'],
    [2, 'err'],
    [2, 'a'],
    [2, 'b'],
  ]);
});

test('unfinished line is sent when its invocation ends', async () => {
  const lines = await printed(`process.stdout.write('half'); process.stderr.write('other half');`, {
    before: `process.stdout.write('while loading')`,
    events: [1, 2],
  });
  assert.deepEqual(lines, [
    [null, 'while loading'],
    [1, 'half'],
    [1, 'other half'],
    [2, 'half'],
    [2, 'other half'],
  ]);
});

test('line written in pieces is one line', async () => {
  const text = 'piece 日本 by piece 👩‍🚀';
  assert.deepEqual(
    await printed(
      `for (const byte of Buffer.from(${JSON.stringify(`${text}\n`)})) process.stdout.write(Buffer.from([byte]));`,
    ),
    [[1, text]],
  );
});

test('output before an error is in the log', async () => {
  const host = await new Host({ files: probe(`console.log('before'); throw new Error('x');`) }).ready();
  assert.equal((await host.invoke({})).kind, 'ERROR');
  await host.end();
  assert.deepEqual(
    host.lines.map(({ requestId, text }) => [requestId, consoleText(text)]),
    [[requestIdOf(1), 'before']],
  );
});

test('empty lines, NUL, tabs and encodings are kept', async () => {
  const lines = await printed(
    `console.log(''); process.stdout.write('a\\0b\\tc\\n'); process.stdout.write('e9', 'hex'); process.stdout.write('\\xe9\\n', 'latin1'); process.stdout.write(new Uint8Array([111, 107, 10])); process.stdout.write('');`,
  );
  assert.deepEqual(lines, [
    [1, ''],
    [1, 'a\0b\tc'],
    [1, '\ufffd\ufffd'],
    [1, 'ok'],
  ]);
});

test('line over 64 KiB is split between characters', async () => {
  const lines = await printed(`console.log('ü€'.repeat(100000));`);
  assert.ok(lines.length > 7, `${lines.length}`);
  assert.equal(lines.map(([, text]) => text).join(''), 'ü€'.repeat(100000));
  assert.ok(lines.every(([id, text]) => id === 1 && Buffer.byteLength(text) + 39 <= 65536));
});

for (const logs of ['pipe', 'socket']) {
  test(`100 MB of output arrive with bounded memory (${logs})`, async () => {
    const host = await new Host({
      files: probe(
        `const line = 'x'.repeat(999); for (let i = 0; i < 100000; i++) process.stdout.write(line + '\\n'); return process.memoryUsage().rss;`,
      ),
      keepLines: false,
      logs,
    }).ready();
    const rss = await host.call({});
    await host.end();
    assert.equal(host.logBytes, 100000 * (1000 + 38));
    assert.ok(rss < 200e6, `${rss}`);
  });
}

test('20 MB without a line feed are split into lines', async () => {
  const host = await new Host({
    files: probe(
      `for (let i = 0; i < 20; i++) process.stdout.write('y'.repeat(1e6)); return process.memoryUsage().rss;`,
    ),
    keepLines: false,
  }).ready();
  assert.ok((await host.call({})) < 200e6);
  await host.end();
  assert.ok(host.longestLine <= 65536 && host.logBytes > 20e6, `${host.longestLine} ${host.logBytes}`);
});

test('output burst before process.exit is not lost', async () => {
  const host = await new Host({
    files: probe(`for (let i = 0; i < 20000; i++) process.stdout.write('z'.repeat(99) + '\\n'); process.exit(0);`),
    keepLines: false,
  }).ready();
  assert.equal(await host.invoke({}), null);
  await host.printed();
  assert.equal(host.logBytes, 20000 * 138);
});

const harm = {
  'process.stdout.end()': `process.stdout.end('last\\n');`,
  'process.stdout.end with a callback': `await new Promise((done) => process.stdout.end('last\\n', done));`,
  'process.stdout.destroy()': `process.stdout.destroy(); process.stderr.destroy();`,
  'process.stdout.cork()': `process.stdout.cork();`,
  'closing descriptor 1': `if (event === 1) require('fs').closeSync(1);`,
  'closing descriptors 1 and 2': `if (event === 1) { require('fs').closeSync(1); require('fs').closeSync(2); }`,
  'a pipeline into standard output': `await require('stream/promises').pipeline(require('stream').Readable.from(['piped\\n']), process.stdout);`,
  'pipe into standard output': `await new Promise((done) => require('stream').Readable.from(['piped\\n']).on('end', done).pipe(process.stdout));`,
};

for (const [name, code] of Object.entries(harm)) {
  test(`next invocation responds and prints after ${name}`, async () => {
    const lines = await printed(`${code} console.log('after', event); return event;`, { events: [1, 2] });
    assert.deepEqual(
      lines.filter(([, text]) => text.startsWith('after')),
      [
        [1, 'after 1'],
        [2, 'after 2'],
      ],
    );
  });
}

test('file with a reused descriptor number gets no output', async () => {
  const lines = await printed(
    `const fs = require('fs'); fs.closeSync(1); const fd = fs.openSync('file', 'w'); console.log('printed'); fs.fsyncSync(fd); console.log(String(fd), fs.readFileSync('file', 'utf8') === '');`,
  );
  assert.deepEqual(lines, [
    [1, 'printed'],
    [1, '1 true'],
  ]);
});

test('closing descriptors does no harm with a socket log', async () => {
  const host = await new Host({
    files: probe(
      `if (event === 1) require('fs').closeSync(1); if (event === 2) require('fs').closeSync(2); console.log(event); return event;`,
    ),
    logs: 'socket',
  }).ready();
  for (const event of [1, 2, 3]) assert.equal(await host.call(event), event);
});

test('output of child processes and threads arrives', async () => {
  const lines = await printed(`require('child_process').execSync('echo child', { stdio: 'inherit' });
    const { Worker: Thread } = require('worker_threads');
    await new Promise((done) => new Thread('console.log("thread")', { eval: true }).on('exit', done));`);
  assert.deepEqual(lines, [
    [null, 'child'],
    [1, 'thread'],
  ]);
});

test('output after the response has no tag', async () => {
  const host = await new Host({
    files: probe(`if (event === 'late') setImmediate(() => console.log('late')); return event;`),
  }).ready();
  await host.call('late');
  await host.call('next');
  await host.end();
  const [{ requestId, text }] = host.lines;
  assert.deepEqual([requestId, consoleText(text), host.lines.length], [null, 'late', 1]);
});

test('unread log blocks the worker and loses nothing', async () => {
  const host = await new Host({
    files: probe(`for (let i = 0; i < 3000; i++) process.stdout.write('w'.repeat(999) + '\\n'); return 'done';`),
    keepLines: false,
    readLog: false,
  }).ready();
  host.send({});
  const first = host.frame().then(() => 'answered');
  await host.logged();
  const early = await Promise.race([first, new Promise((resolve) => setImmediate(resolve, 'held up'))]);
  assert.equal(early, 'held up');
  host.readLog();
  assert.equal(await first, 'answered');
  await host.end();
  assert.equal(host.logBytes, 3000 * 1038);
});
