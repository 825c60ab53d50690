// Tests of the page's state, built from the API's responses and events.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildEvent, InvocationEnded, Invocation, ReloadEvent, InvocationStarted } from '../src/api/types';
import { InvocationStore, durationOf, outcomeOf, triggerKey } from '../src/store/invocations';
import { matcher } from '../src/store/filter';
import { type BuildHistory, addEntry, runningBuild, unresolvedFailures } from '../src/store/build_history';
import { MAX_WINDOW_SECONDS, CallMetrics, edgeKey, percentile } from '../src/store/call_metrics';

const time = (at: number): string => new Date(at).toISOString();

function started(id: string, at = 1000, more: Partial<InvocationStarted> = {}): InvocationStarted {
  return { id: at, at: time(at), kind: 'invocation_started', request_id: id, worker: 'a', trace: 't', mode: 'sync', ...more };
}

function ended(id: string, at = 1020, more: Partial<InvocationEnded> = {}): InvocationEnded {
  return { id: at, at: time(at), kind: 'invocation_ended', request_id: id, worker: 'a', outcome: 'ok', duration_ms: 20.123, ...more };
}

test('an invocation starts, runs and ends', () => {
  const invocations = new InvocationStore(10);
  invocations.applyStarted(started('x', 1000, { caller: 'endpoint', parent_request_id: 'p' }));
  const invocation = invocations.get('x');
  assert.ok(invocation);
  assert.deepEqual([outcomeOf(invocation), durationOf(invocation, 1015), invocation.caller, invocation.parent], ['running', 15, 'endpoint', 'p']);
  assert.ok(invocations.applyEnded(ended('x', 1020, { outcome: 'error', error_type: 'E', message: 'm'.repeat(9999), init_ms: 5 })));
  assert.deepEqual([outcomeOf(invocation), durationOf(invocation, 9999)], ['error', 20.123]);
  assert.equal(invocation.attempts[0]?.message?.length, 500);
});

test('events that the list already contains change nothing', () => {
  const invocations = new InvocationStore(10);
  const attempts = [
    { started_at: time(1000), outcome: 'error' as const, duration_ms: 20.123 },
    { started_at: time(2000) },
  ];
  invocations.replace([{ request_id: 'x', worker: 'a', trace: 't', mode: 'event', attempts }]);
  invocations.applyStarted(started('x', 1000));
  assert.equal(invocations.applyEnded(ended('x', 1020, { outcome: 'error' })), undefined);
  invocations.applyStarted(started('x', 2000));
  const invocation = invocations.get('x');
  assert.deepEqual(invocation?.attempts.map((attempt) => attempt.outcome), ['error', undefined]);
  assert.ok(invocations.applyEnded(ended('x', 2030, { duration_ms: 30.5 })));
  assert.deepEqual(invocation?.attempts.map((attempt) => attempt.outcome), ['error', 'ok']);
});

test('HTTP status decides about failures, metrics and filters', () => {
  const invocations = new InvocationStore(100);
  const metrics = new CallMetrics();
  for (const status of [200, 422, 503]) {
    const id = `s${status}`;
    invocations.applyStarted(started(id, 1000, { http: { method: 'PUT', path: `/orders/${status}` } }));
    invocations.applyEnded(ended(id, 1020, { status }));
    metrics.record('a', 1020, 20, 'ok', status);
  }
  const matching = (filter: { outcome?: string; q?: string }): string[] => invocations.list.filter(matcher(filter, new Set())).map((invocation) => invocation.id);
  assert.deepEqual(matching({ outcome: 'failed' }), ['s503']);
  assert.deepEqual(matching({ outcome: '4xx' }), ['s422']);
  assert.deepEqual(matching({ q: 'put /orders/2' }), ['s200']);
  const stats = metrics.stats('a', 2000, 60);
  assert.deepEqual([stats.count, stats.errors, stats.clientErrors], [3, 1, 1]);
});

test('failures stay when good calls are evicted', () => {
  const invocations = new InvocationStore(100);
  invocations.applyStarted(started('bad', 1));
  invocations.applyEnded(ended('bad', 2, { outcome: 'error' }));
  for (let n = 0; n < 10_000; n += 1) {
    invocations.applyStarted(started(`x${n}`, n + 10));
    invocations.applyEnded(ended(`x${n}`, n + 11, { duration_ms: n }));
  }
  assert.equal(invocations.list[0]?.id, 'bad');
  assert.ok(invocations.list.length <= 111, String(invocations.list.length));
});

test('ends of unknown invocations are ignored', () => {
  assert.equal(new InvocationStore(10).applyEnded(ended('x')), undefined);
});

test('invocation store is bounded, and older pages evict no newer ones', () => {
  const invocations = new InvocationStore(100);
  for (let n = 0; n < 10_000; n += 1) invocations.applyStarted(started(`x${n}`, n));
  assert.ok(invocations.list.length <= 110, String(invocations.list.length));
  assert.equal(invocations.get('x0'), undefined);
  assert.ok(invocations.get('x9999'));
  const older: Invocation[] = Array.from({ length: 200 }, (_, n) => ({ request_id: `o${n}`, worker: 'a', trace: 't', mode: 'sync', attempts: [{ started_at: time(0) }] }));
  invocations.prepend(older);
  assert.ok(invocations.list.length <= 110 && invocations.get('x9999'));
});

test('acceptance and trigger are recorded before and after the start', () => {
  const invocations = new InvocationStore(10);
  invocations.applyQueueUpdate({ id: 1, at: time(900), kind: 'queue', event_id: 'x', worker: 'a', state: 'accepted', attempts: 0 });
  invocations.applyTriggerEvent({ id: 2, at: time(900), kind: 'trigger', worker: 'a', trigger: 'schedule', source: 'rate(1 day)', state: 'fired', items: 1, request_id: 'x' });
  invocations.applyStarted(started('x'));
  assert.deepEqual([invocations.get('x')?.acceptedAt, invocations.get('x')?.trigger], [900, triggerKey('schedule', 'rate(1 day)')]);
  invocations.applyStarted(started('y'));
  invocations.applyQueueUpdate({ id: 3, at: time(950), kind: 'queue', event_id: 'y', worker: 'a', state: 'accepted', attempts: 0 });
  assert.equal(invocations.get('y')?.acceptedAt, 950);
  invocations.replace([{ request_id: 'y', worker: 'a', trace: 't', mode: 'event', attempts: [{ started_at: time(1000) }] }]);
  assert.equal(invocations.get('y')?.acceptedAt, 950);
});

test('filter matches worker, caller, outcome, mode and text', () => {
  const invocations = new InvocationStore(10);
  invocations.applyStarted(started('one', 1, { caller: 'endpoint' }));
  invocations.applyStarted(started('two', 2, { worker: 'b', mode: 'event' }));
  invocations.applyEnded(ended('two', 3, { outcome: 'timeout', message: 'Task timed out' }));
  const ids = (filter: Parameters<typeof matcher>[0], foundIds: string[] = []): string[] => invocations.list.filter(matcher(filter, new Set(foundIds))).map((invocation) => invocation.id);
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

test('call metrics cover the window, and memory is bounded', () => {
  const metrics = new CallMetrics();
  for (let n = 1; n <= 100; n += 1) metrics.record('k', 1_000_000 + n, n, n > 90 ? 'error' : 'ok');
  metrics.record('k', 1_000_050, 1, 'denied');
  const now = 1_001_000;
  const stats = metrics.stats('k', now, 60);
  assert.deepEqual([stats.count, stats.errors, stats.denied, stats.p50, stats.p99], [101, 11, 1, 50, 99]);
  assert.equal(metrics.stats('k', now + 120_000, 60).count, 0);
  assert.equal(metrics.stats('none', now, 60).count, 0);
  for (let n = 0; n < 5_000; n += 1) metrics.record('k', 1_000_000 + n * 1000, 1, 'ok');
  metrics.record('k', 0, 1, 'ok');
  assert.equal(metrics.stats('k', 1_000_000 + 4_999_000, 10_000).count, MAX_WINDOW_SECONDS);
});

test('call metrics accept calls that end out of order', () => {
  const metrics = new CallMetrics();
  metrics.record('k', 10_000, 1, 'ok');
  metrics.record('k', 8_000, 2, 'ok');
  metrics.record('k', 8_500, 3, 'ok');
  assert.equal(metrics.stats('k', 10_500, 60).count, 3);
  assert.equal(metrics.stats('k', 10_500, 2).count, 1);
});

test('percentiles use the nearest rank, and external calls have no caller', () => {
  assert.deepEqual([percentile([], 0.5), percentile([7], 0.99), percentile([1, 2, 3, 4], 0.5)], [0, 7, 2]);
  assert.deepEqual([edgeKey('a', 'b'), edgeKey(undefined, 'b')], ['a>b', '>b']);
});

function build(id: number, state: BuildEvent['state'], workers: string[]): BuildEvent {
  return { id, at: time(id), kind: 'build', state, workers, messages: state === 'failed' ? ['no'] : [] };
}

function reloaded(id: number, worker: string): ReloadEvent {
  return { id, at: time(id), kind: 'reloaded', worker, files: [], duration_ms: 1 };
}

const historyOf = (...entries: (BuildEvent | ReloadEvent)[]): BuildHistory => entries.reduce<BuildHistory>(addEntry, { entries: [] });

test('a build is running until it ends', () => {
  assert.equal(runningBuild(historyOf(build(1, 'started', ['a'])))?.id, 1);
  assert.equal(runningBuild(historyOf(build(1, 'started', ['a']), build(2, 'finished', ['a']))), undefined);
  assert.deepEqual(historyOf(build(1, 'started', ['a']), build(2, 'failed', ['a'])).entries.map((entry) => entry.id), [2]);
  assert.deepEqual(historyOf(build(2, 'failed', []), build(1, 'failed', []), build(2, 'failed', [])).entries.map((entry) => entry.id), [2, 1]);
});

test('a failed build is unresolved until its workers are fixed', () => {
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
  ] as [number[], ...(BuildEvent | ReloadEvent)[]][]) {
    assert.deepEqual(unresolvedFailures(historyOf(...entries)).map((failure) => failure.id), expected, JSON.stringify(entries));
  }
});

test('build history is bounded', () => {
  assert.equal(historyOf(...Array.from({ length: 500 }, (_, n) => reloaded(n, 'a'))).entries.length, 200);
});
