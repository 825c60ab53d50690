// Tests of what the page makes of the API's answers and of what happens.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Build, Ended, Invocation, Reloaded, Started } from '../src/api/types';
import { Calls, outcomeOf, took, triggerKey } from '../src/state/calls';
import { matcher } from '../src/state/filter';
import { type History, broken, running, withEntry } from '../src/state/history';
import { LONGEST_WINDOW, Rates, edgeKey, percentile } from '../src/state/rates';

const time = (at: number): string => new Date(at).toISOString();

function started(id: string, at = 1000, more: Partial<Started> = {}): Started {
  return { id: at, at: time(at), kind: 'invocation_started', request_id: id, worker: 'a', trace: 't', mode: 'sync', ...more };
}

function ended(id: string, at = 1020, more: Partial<Ended> = {}): Ended {
  return { id: at, at: time(at), kind: 'invocation_ended', request_id: id, worker: 'a', outcome: 'ok', duration_ms: 20.123, ...more };
}

test('a call begins, runs and ends', () => {
  const calls = new Calls(10);
  calls.started(started('x', 1000, { caller: 'endpoint', parent_request_id: 'p' }));
  const call = calls.get('x');
  assert.ok(call);
  assert.deepEqual([outcomeOf(call), took(call, 1015), call.caller, call.parent], ['running', 15, 'endpoint', 'p']);
  assert.ok(calls.ended(ended('x', 1020, { outcome: 'error', error_type: 'E', message: 'm'.repeat(9999), init_ms: 5 })));
  assert.deepEqual([outcomeOf(call), took(call, 9999)], ['error', 20.123]);
  assert.equal(call.attempts[0]?.message?.length, 500);
});

test('what the list has already and the stream tells once more changes nothing', () => {
  const calls = new Calls(10);
  const attempts = [
    { started_at: time(1000), outcome: 'error' as const, duration_ms: 20.123 },
    { started_at: time(2000) },
  ];
  calls.replace([{ request_id: 'x', worker: 'a', trace: 't', mode: 'event', attempts }]);
  calls.started(started('x', 1000));
  assert.equal(calls.ended(ended('x', 1020, { outcome: 'error' })), undefined);
  calls.started(started('x', 2000));
  const call = calls.get('x');
  assert.deepEqual(call?.attempts.map((attempt) => attempt.outcome), ['error', undefined]);
  assert.ok(calls.ended(ended('x', 2030, { duration_ms: 30.5 })));
  assert.deepEqual(call?.attempts.map((attempt) => attempt.outcome), ['error', 'ok']);
});

test('ends of calls that are not known are nothing', () => {
  assert.equal(new Calls(10).ended(ended('x')), undefined);
});

test('no more calls are kept than there may be, and older pages take no place from newer ones', () => {
  const calls = new Calls(100);
  for (let n = 0; n < 10_000; n += 1) calls.started(started(`x${n}`, n));
  assert.ok(calls.list.length <= 110, String(calls.list.length));
  assert.equal(calls.get('x0'), undefined);
  assert.ok(calls.get('x9999'));
  const older: Invocation[] = Array.from({ length: 200 }, (_, n) => ({ request_id: `o${n}`, worker: 'a', trace: 't', mode: 'sync', attempts: [{ started_at: time(0) }] }));
  calls.prepend(older);
  assert.ok(calls.list.length <= 110 && calls.get('x9999'));
});

test('when an event was accepted and what triggered it is known, whichever came first', () => {
  const calls = new Calls(10);
  calls.queued({ id: 1, at: time(900), kind: 'queue', event_id: 'x', worker: 'a', state: 'accepted', attempts: 0 });
  calls.fired({ id: 2, at: time(900), kind: 'trigger', worker: 'a', trigger: 'schedule', source: 'rate(1 day)', state: 'fired', items: 1, request_id: 'x' });
  calls.started(started('x'));
  assert.deepEqual([calls.get('x')?.acceptedAt, calls.get('x')?.trigger], [900, triggerKey('schedule', 'rate(1 day)')]);
  calls.started(started('y'));
  calls.queued({ id: 3, at: time(950), kind: 'queue', event_id: 'y', worker: 'a', state: 'accepted', attempts: 0 });
  assert.equal(calls.get('y')?.acceptedAt, 950);
  calls.replace([{ request_id: 'y', worker: 'a', trace: 't', mode: 'event', attempts: [{ started_at: time(1000) }] }]);
  assert.equal(calls.get('y')?.acceptedAt, 950);
});

test('filters narrow by worker, caller, outcome, mode and text', () => {
  const calls = new Calls(10);
  calls.started(started('one', 1, { caller: 'endpoint' }));
  calls.started(started('two', 2, { worker: 'b', mode: 'event' }));
  calls.ended(ended('two', 3, { outcome: 'timeout', message: 'Task timed out' }));
  const ids = (filter: Parameters<typeof matcher>[0], found: string[] = []): string[] => calls.list.filter(matcher(filter, new Set(found))).map((call) => call.id);
  assert.deepEqual(ids({}), ['one', 'two']);
  assert.deepEqual(ids({ worker: 'b' }), ['two']);
  assert.deepEqual(ids({ from: 'endpoint' }), ['one']);
  assert.deepEqual(ids({ from: '-' }), ['two']);
  assert.deepEqual(ids({ outcome: 'failed' }), ['two']);
  assert.deepEqual(ids({ outcome: 'running' }), ['one']);
  assert.deepEqual(ids({ mode: 'event' }), ['two']);
  assert.deepEqual(ids({ q: 'TIMED' }), ['two']);
  assert.deepEqual(ids({ q: 'in a payload' }, ['one']), ['one']);
});

test('rates are those of the window, and memory is bounded', () => {
  const rates = new Rates();
  for (let n = 1; n <= 100; n += 1) rates.add('k', 1_000_000 + n, n, n > 90 ? 'error' : 'ok');
  rates.add('k', 1_000_050, 1, 'denied');
  const now = 1_001_000;
  const rate = rates.of('k', now, 60);
  assert.deepEqual([rate.count, rate.errors, rate.denied, rate.p50, rate.p99], [101, 11, 1, 50, 99]);
  assert.equal(rates.of('k', now + 120_000, 60).count, 0);
  assert.equal(rates.of('none', now, 60).count, 0);
  for (let n = 0; n < 5_000; n += 1) rates.add('k', 1_000_000 + n * 1000, 1, 'ok');
  rates.add('k', 0, 1, 'ok');
  assert.equal(rates.of('k', 1_000_000 + 4_999_000, 10_000).count, LONGEST_WINDOW);
});

test('seconds that come late have their place', () => {
  const rates = new Rates();
  rates.add('k', 10_000, 1, 'ok');
  rates.add('k', 8_000, 2, 'ok');
  rates.add('k', 8_500, 3, 'ok');
  assert.equal(rates.of('k', 10_500, 60).count, 3);
  assert.equal(rates.of('k', 10_500, 2).count, 1);
});

test('percentiles are of the nearest rank, and edges from outside have no caller', () => {
  assert.deepEqual([percentile([], 0.5), percentile([7], 0.99), percentile([1, 2, 3, 4], 0.5)], [0, 7, 2]);
  assert.deepEqual([edgeKey('a', 'b'), edgeKey(undefined, 'b')], ['a>b', '>b']);
});

function build(id: number, state: Build['state'], workers: string[]): Build {
  return { id, at: time(id), kind: 'build', state, workers, messages: state === 'failed' ? ['no'] : [] };
}

function reloaded(id: number, worker: string): Reloaded {
  return { id, at: time(id), kind: 'reloaded', worker, files: [], duration_ms: 1 };
}

const historyOf = (...entries: (Build | Reloaded)[]): History => entries.reduce<History>(withEntry, { entries: [] });

test('a build is running until it ends', () => {
  assert.equal(running(historyOf(build(1, 'started', ['a'])))?.id, 1);
  assert.equal(running(historyOf(build(1, 'started', ['a']), build(2, 'finished', ['a']))), undefined);
  assert.deepEqual(historyOf(build(1, 'started', ['a']), build(2, 'failed', ['a'])).entries.map((entry) => entry.id), [2]);
  assert.deepEqual(historyOf(build(2, 'failed', []), build(1, 'failed', []), build(2, 'failed', [])).entries.map((entry) => entry.id), [2, 1]);
});

test('a failed build is broken until what it was about is mended', () => {
  for (const [expected, ...entries] of [
    [[1], build(1, 'failed', ['a'])],
    [[], build(1, 'failed', ['a']), build(2, 'finished', ['a'])],
    [[], build(1, 'failed', ['a']), reloaded(2, 'a')],
    [[1], build(1, 'failed', ['a']), reloaded(2, 'b')],
    [[2], build(1, 'failed', ['a']), build(2, 'failed', ['a'])],
    [[2, 1], build(1, 'failed', ['a']), build(2, 'failed', ['b'])],
    [[1], build(1, 'failed', ['a', 'b']), reloaded(2, 'a')],
    [[], build(1, 'failed', []), build(2, 'finished', [])],
    [[], build(1, 'failed', []), build(2, 'finished', ['endpoint'])],
    [[1], build(1, 'failed', []), reloaded(2, 'a')],
    [[1], build(1, 'failed', ['a']), build(2, 'finished', [])],
    [[2], build(1, 'failed', []), build(2, 'failed', [])],
    [[2, 1], build(2, 'failed', []), build(1, 'failed', ['a'])],
    [[2], build(2, 'failed', ['a']), build(3, 'started', ['a'])],
  ] as [number[], ...(Build | Reloaded)[]][]) {
    assert.deepEqual(broken(historyOf(...entries)).map((one) => one.id), expected, JSON.stringify(entries));
  }
});

test('entries are bounded', () => {
  assert.equal(historyOf(...Array.from({ length: 500 }, (_, n) => reloaded(n, 'a'))).entries.length, 200);
});
