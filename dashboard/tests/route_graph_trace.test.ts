// Tests of routes, the call graph and the waterfall.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { App } from '../src/api/types';
import { NODE_SIZE, nextNodeInDirection, layoutGraph } from '../src/graph/layout';
import { edgePath } from '../src/graph/graph_stats';
import { buildGraph, isFunction, resourceDetails, triggerSettings } from '../src/graph/model';
import { pathTo, routeOf } from '../src/route/path';
import { operationRows } from '../src/trace/operation_tree';
import type { StoredInvocation } from '../src/store/invocations';
import { panRange, position, ticks, zoomRange } from '../src/trace/time_axis';
import { timeRange, visibleRows, segments, buildSpans } from '../src/trace/span_tree';

test('paths map to pages, and unknown paths to the not-found page', () => {
  for (const [path, route] of [
    ['/', { name: 'overview' }],
    ['/graph', { name: 'graph' }],
    ['/invocations', { name: 'invocations' }],
    ['/invocations/', { name: 'invocations' }],
    ['/invocations/6f1c', { name: 'invocation', id: '6f1c' }],
    ['/traces/Root%3D1-2', { name: 'trace', id: 'Root=1-2' }],
    ['/workers', { name: 'workers' }],
    ['/workers/a', { name: 'worker', worker: 'a' }],
    ['/workers/a/run', { name: 'run', worker: 'a' }],
    ['/queue', { name: 'queue' }],
    ['/queue/x', { name: 'event', id: 'x' }],
    ['/executions', { name: 'executions' }],
    ['/executions/6f1c', { name: 'execution', id: '6f1c' }],
    ['/builds', { name: 'builds' }],
    ['/traces', { name: 'notFound', path: '/traces' }],
    ['/workers/a/walk', { name: 'notFound', path: '/workers/a/walk' }],
    ['/builds/x', { name: 'notFound', path: '/builds/x' }],
    ['/invocations/%E0%A4', { name: 'invocation', id: '%E0%A4' }],
  ] as const) {
    assert.deepEqual(routeOf(path), route, path);
  }
});

test('URLs consist of segments and of parameters with a value', () => {
  assert.equal(pathTo(['invocations'], { worker: 'a', q: undefined, outcome: '' }), '/invocations?worker=a');
  assert.equal(pathTo(['traces', 'Root=1/2']), '/traces/Root%3D1%2F2');
  assert.deepEqual(routeOf(pathTo(['traces', 'a/b c'])), { name: 'trace', id: 'a/b c' });
});

const SETTINGS = { memory: 1, timeout: 1, concurrency: null, retries: 2, event_age: 1, on_failure: null, variables: [] };

function app(names: string[], edges: [string, string][]): App {
  const workers = names.map((name) => ({ name, language: 'python' as const, folder: name, settings: SETTINGS }));
  return { name: 'x', url: '', endpoint: SETTINGS, workers, edges: edges.map(([from, to]) => ({ from, to })) };
}

test('graph marks cycles and undeclared calls', () => {
  const graph = buildGraph(app(['a', 'b', 'c', 'd'], [['endpoint', 'a'], ['a', 'b'], ['b', 'c'], ['c', 'a'], ['d', 'd']]), [['b', 'd'], ['a', 'b'], ['unknown', 'a']]);
  const marks = graph.edges.map((edge) => `${edge.from}>${edge.to}${edge.isCycle ? ' cycle' : ''}${edge.isDeclared ? '' : ' observed'}`);
  assert.deepEqual(marks, ['endpoint>a', 'a>b cycle', 'b>c cycle', 'c>a cycle', 'd>d cycle', 'b>d observed']);
});

test('a trigger of several workers is one node of the graph', () => {
  const twoWorkers = app(['a', 'b'], []);
  for (const worker of twoWorkers.workers) worker.triggers = [{ kind: 'topic', source: 'news', local_name: 'shop-local-news', filter: null }];
  const graph = buildGraph(twoWorkers, []);
  assert.deepEqual(graph.nodes.filter((node) => !isFunction(node)), [{ id: 'topic news', kind: 'resource', label: 'topic news', note: '' }]);
  assert.deepEqual(graph.edges.map((edge) => `${edge.from}>${edge.to}`), ['topic news>a', 'topic news>b']);
  // Dev events name the resource of this machine.
  assert.equal(edgePath(graph.edges[0]!), '/invocations?worker=a&from=topic+shop-local-news');
});

test('a resource that is used and that invokes is one node, and may close a cycle', () => {
  const shop = app(['a', 'b'], [['endpoint', 'b']]);
  shop.workers[0]!.triggers = [{ kind: 'dynamodb', source: 'orders', batch_size: 100 }, { kind: 'schedule', source: 'rate(1 day)' }];
  shop.resources = [
    { from: 'endpoint', kind: 'bucket', name: 'pictures', access: ['read'], variable: 'X_BUCKET_PICTURES' },
    { from: 'a', kind: 'table', name: 'orders', access: ['read', 'write'], variable: 'X_TABLE_ORDERS', key: ['id (S)'] },
    { from: 'gone', kind: 'secret', name: 's', access: ['read'] },
  ];
  const graph = buildGraph(shop, []);
  assert.deepEqual(graph.nodes.map(({ id, kind }) => `${kind} ${id}`), [
    'endpoint endpoint', 'worker a', 'worker b', 'resource table orders', 'schedule schedule rate(1 day)', 'resource bucket pictures', 'resource secret s',
  ]);
  const marks = graph.edges.map((edge) => `${edge.from}>${edge.to}${edge.isCycle ? ' cycle' : ''}${edge.access ? ` ${edge.access}` : ''}`);
  assert.deepEqual(marks, ['endpoint>b', 'table orders>a cycle', 'schedule rate(1 day)>a', 'endpoint>bucket pictures read', 'a>table orders cycle read,write']);
  assert.equal(edgePath(graph.edges[4]!), '/graph?resource=table+orders');
  const details = resourceDetails(shop, 'table orders');
  assert.deepEqual(details?.triggers.map(({ worker, trigger }) => [worker, triggerSettings(trigger)]), [['a', [['batch size', '100']]]]);
  assert.deepEqual(details?.uses.map(({ from, variable }) => [from, variable]), [['a', 'X_TABLE_ORDERS']]);
  assert.equal(resourceDetails(shop, 'table other'), undefined);
  const { nodes, edges } = layoutGraph(graph, 'LR', true);
  assert.deepEqual([nodes.size, edges.length], [7, 5]);
});

test('layout of forty workers has no overlapping nodes', () => {
  const names = Array.from({ length: 40 }, (_, n) => `w${n}`);
  const edges = names.map((name, n): [string, string] => [n < 5 ? 'endpoint' : (names[Math.floor(n / 3)] ?? ''), name]);
  const graph = buildGraph(app(names, [...edges, ['w30', 'w2'], ['w7', 'w7']]), []);
  for (const direction of ['LR', 'TB'] as const) {
    const { nodes, edges: lines, width, height } = layoutGraph(graph, direction, false);
    assert.equal(lines.length, graph.edges.length);
    assert.ok(lines.every((line) => line.path.startsWith('M') && !line.path.includes('NaN')));
    const all = [...nodes.values()];
    for (const [index, one] of all.entries()) {
      assert.ok(one.x > 0 && one.x < width && one.y > 0 && one.y < height);
      for (const other of all.slice(index + 1)) {
        assert.ok(Math.abs(one.x - other.x) >= NODE_SIZE.width || Math.abs(one.y - other.y) >= NODE_SIZE.height, JSON.stringify([one, other]));
      }
    }
  }
});

test('arrow keys select the nearest node', () => {
  const nodes = new Map([['a', { x: 0, y: 0 }], ['b', { x: 100, y: 10 }], ['c', { x: 100, y: 90 }], ['d', { x: 200, y: 0 }]]);
  assert.deepEqual(['ArrowRight', 'ArrowLeft', 'ArrowDown'].map((key) => nextNodeInDirection(nodes, 'a', key)), ['b', undefined, 'b']);
  assert.equal(nextNodeInDirection(nodes, 'b', 'ArrowDown'), 'c');
  assert.equal(nextNodeInDirection(nodes, 'd', 'ArrowLeft'), 'b');
});

function spanSource(id: string, start: number, ms: number, overrides: Partial<StoredInvocation> = {}): { invocation: StoredInvocation; logs: [] } {
  return { invocation: { id, worker: id, trace: 't', mode: 'sync', attempts: [{ startedAt: start, ms, outcome: 'ok' }], ...overrides }, logs: [] };
}

test('segments show queue time, cold start, failure and retry', () => {
  const retried = spanSource('x', 0, 0, {
    acceptedAt: 100,
    attempts: [
      { startedAt: 150, ms: 50, initMs: 20, outcome: 'error' },
      { startedAt: 1200, ms: 10, outcome: 'ok' },
      { startedAt: 1300 },
    ],
  }).invocation;
  const shown = segments(retried, 1400).map(({ kind, start, end, attempt }) => [kind, start, end, attempt]);
  assert.deepEqual(shown, [['wait', 100, 150, 1], ['init', 150, 170, 1], ['run', 170, 200, 1], ['wait', 200, 1200, 2], ['run', 1200, 1210, 2], ['wait', 1210, 1300, 3], ['run', 1300, 1400, 3]]);
});

test('spans are children of their callers, sorted by start', () => {
  const roots = buildSpans([spanSource('late', 20, 5, { parent: 'root' }), spanSource('root', 0, 50), spanSource('early', 10, 5, { parent: 'root' }), spanSource('deep', 12, 1, { parent: 'early' }), spanSource('orphan', 30, 1, { parent: 'missing' })], 0);
  assert.deepEqual(visibleRows(roots, new Set()).map((row) => [row.span.invocation.id, row.depth, row.descendants]), [['root', 0, 3], ['early', 1, 1], ['deep', 2, 0], ['late', 1, 0], ['orphan', 0, 0]]);
  assert.deepEqual(visibleRows(roots, new Set(['root'])).map((row) => row.span.invocation.id), ['root', 'orphan']);
  assert.deepEqual(timeRange(roots), { start: 0, end: 50 });
});

test('spans with cyclic parents are still shown', () => {
  const roots = buildSpans([spanSource('a', 0, 1, { parent: 'b' }), spanSource('b', 1, 1, { parent: 'a' }), spanSource('c', 2, 1, { parent: 'c' })], 0);
  assert.equal(visibleRows(roots, new Set()).length, 3);
});

test('ticks are at round intervals', () => {
  assert.deepEqual(ticks({ start: 1000, end: 1100 }, 1000, 5), [0, 20, 40, 60, 80, 100]);
  assert.deepEqual(ticks({ start: 1030, end: 1070 }, 1000, 4), [30, 40, 50, 60, 70]);
  assert.equal(ticks({ start: 0, end: 0.1 }, 0, 5).length, 6);
});

test('zoom keeps a point in place and stays within the trace', () => {
  const whole = { start: 0, end: 100 };
  assert.deepEqual(zoomRange(whole, whole, 0.5, 0.25), { start: 12.5, end: 62.5 });
  assert.deepEqual(zoomRange({ start: 10, end: 20 }, whole, 100), whole);
  assert.deepEqual(panRange({ start: 10, end: 30 }, whole, -1), { start: 0, end: 20 });
  assert.deepEqual(panRange({ start: 70, end: 90 }, whole, 1), { start: 80, end: 100 });
  assert.equal(position(25, { start: 20, end: 30 }), 50);
});

const operation = (id: string, parent: string | null, start: number, end: number | null) => ({
  operation_id: id, parent_id: parent, name: id, kind: 'CONTEXT' as const, sub_type: null, status: 'STARTED' as const, started_at: new Date(start).toISOString(),
  ended_at: end === null ? null : new Date(end).toISOString(), attempts: null, due_at: null, callback_id: null, result: null, error: null,
});

const execution = (operations: ReturnType<typeof operation>[], end: number | null) => ({
  execution_id: 'x', name: 'x', arn: 'x', worker: 'w', status: 'RUNNING' as const, started_at: new Date(1000).toISOString(), ended_at: end === null ? null : new Date(end).toISOString(),
  code: null, times_out_at: null, pause_reason: null, input: { bytes: 0, text: '', cut: false }, result: null, error: null, invocations: [], operation_count: operations.length, operations,
});

test('operations are below their contexts, and last until now while they run', () => {
  const all = [operation('a', null, 1000, 1500), operation('b', null, 1500, null), operation('inner', 'a', 1100, 1200), operation('deep', 'inner', 1100, 1150), operation('lost', 'missing', 1700, 1800)];
  const { rows, range } = operationRows(execution(all, null), 2000);
  assert.deepEqual(rows.map((row) => [row.operation.operation_id, row.depth, row.start, row.end]), [['a', 0, 1000, 1500], ['inner', 1, 1100, 1200], ['deep', 2, 1100, 1150], ['b', 0, 1500, 2000], ['lost', 0, 1700, 1800]]);
  assert.deepEqual(range, { start: 1000, end: 2000 });
  // The clock of `dev` may be ahead.
  assert.equal(operationRows(execution(all, null), 500).range.end, 1800);
  assert.equal(operationRows(execution([], 1000), 9000).range.end, 1001);
});

test('operations of contexts that contain each other are still shown', () => {
  const { rows } = operationRows(execution([operation('a', 'b', 1000, 1001), operation('b', 'a', 1000, 1001), operation('c', 'c', 1000, 1001)], 2000), 0);
  assert.deepEqual(rows.map((row) => row.operation.operation_id).sort(), ['a', 'b', 'c']);
});
