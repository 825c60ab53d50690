// Tests of addresses, of the graph and of the waterfall.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { App } from '../src/api/types';
import { NODE, neighbour, placed } from '../src/graph/layout';
import { graphOf } from '../src/graph/model';
import { pathTo, viewOf } from '../src/route/path';
import type { Call } from '../src/state/calls';
import { panned, position, ticks, zoomed } from '../src/trace/scale';
import { extent, rowsOf, segmentsOf, spansOf } from '../src/trace/tree';

test('every view has its address and every other address is missing', () => {
  for (const [path, view] of [
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
    ['/builds', { name: 'builds' }],
    ['/traces', { name: 'missing', path: '/traces' }],
    ['/workers/a/walk', { name: 'missing', path: '/workers/a/walk' }],
    ['/builds/x', { name: 'missing', path: '/builds/x' }],
    ['/invocations/%E0%A4', { name: 'invocation', id: '%E0%A4' }],
  ] as const) {
    assert.deepEqual(viewOf(path), view, path);
  }
});

test('addresses are made of parts and of parameters that have a value', () => {
  assert.equal(pathTo(['invocations'], { worker: 'a', q: undefined, outcome: '' }), '/invocations?worker=a');
  assert.equal(pathTo(['traces', 'Root=1/2']), '/traces/Root%3D1%2F2');
  assert.deepEqual(viewOf(pathTo(['traces', 'a/b c'])), { name: 'trace', id: 'a/b c' });
});

const SETTINGS = { memory: 1, timeout: 1, concurrency: null, retries: 2, event_age: 1, on_failure: null, variables: [] };

function app(names: string[], edges: [string, string][]): App {
  const workers = names.map((name) => ({ name, language: 'python' as const, folder: name, settings: SETTINGS }));
  return { name: 'x', url: '', endpoint: SETTINGS, workers, edges: edges.map(([from, to]) => ({ from, to })) };
}

test('circles and calls that the code does not have are marked', () => {
  const graph = graphOf(app(['a', 'b', 'c', 'd'], [['endpoint', 'a'], ['a', 'b'], ['b', 'c'], ['c', 'a'], ['d', 'd']]), [['b', 'd'], ['a', 'b'], ['gone', 'a']]);
  const marks = graph.edges.map((edge) => `${edge.from}>${edge.to}${edge.isCycle ? ' circle' : ''}${edge.isDeclared ? '' : ' seen'}`);
  assert.deepEqual(marks, ['endpoint>a', 'a>b circle', 'b>c circle', 'c>a circle', 'd>d circle', 'b>d seen']);
});

test('triggers are sources, one for each even if it has several workers', () => {
  const two = app(['a', 'b'], []);
  for (const worker of two.workers) worker.triggers = [{ kind: 'queue', source: 'orders', batch_size: 10, max_receives: null }];
  const graph = graphOf(two, []);
  assert.deepEqual(graph.nodes.filter((node) => node.kind === 'trigger'), [{ id: 'queue orders', kind: 'trigger', label: 'queue orders', note: 'batch size 10' }]);
  assert.deepEqual(graph.edges.map((edge) => `${edge.from}>${edge.to}`), ['queue orders>a', 'queue orders>b']);
});

test('forty workers are laid out in layers without a node on another', () => {
  const names = Array.from({ length: 40 }, (_, n) => `w${n}`);
  const edges = names.map((name, n): [string, string] => [n < 5 ? 'endpoint' : (names[Math.floor(n / 3)] ?? ''), name]);
  const graph = graphOf(app(names, [...edges, ['w30', 'w2'], ['w7', 'w7']]), []);
  for (const direction of ['LR', 'TB'] as const) {
    const { nodes, edges: lines, width, height } = placed(graph, direction, false);
    assert.equal(lines.length, graph.edges.length);
    assert.ok(lines.every((line) => line.path.startsWith('M') && !line.path.includes('NaN')));
    const all = [...nodes.values()];
    for (const [index, one] of all.entries()) {
      assert.ok(one.x > 0 && one.x < width && one.y > 0 && one.y < height);
      for (const other of all.slice(index + 1)) {
        assert.ok(Math.abs(one.x - other.x) >= NODE.width || Math.abs(one.y - other.y) >= NODE.height, JSON.stringify([one, other]));
      }
    }
  }
});

test('arrow keys go to the node that lies next', () => {
  const nodes = new Map([['a', { x: 0, y: 0 }], ['b', { x: 100, y: 10 }], ['c', { x: 100, y: 90 }], ['d', { x: 200, y: 0 }]]);
  assert.deepEqual(['ArrowRight', 'ArrowLeft', 'ArrowDown'].map((key) => neighbour(nodes, 'a', key)), ['b', undefined, 'b']);
  assert.equal(neighbour(nodes, 'b', 'ArrowDown'), 'c');
  assert.equal(neighbour(nodes, 'd', 'ArrowLeft'), 'b');
});

function call(id: string, start: number, ms: number, more: Partial<Call> = {}): { call: Call; logs: [] } {
  return { call: { id, worker: id, trace: 't', mode: 'sync', attempts: [{ startedAt: start, ms, outcome: 'ok' }], ...more }, logs: [] };
}

test('an event is in the queue, starts cold, fails, waits and is tried again', () => {
  const one = call('x', 0, 0, {
    acceptedAt: 100,
    attempts: [
      { startedAt: 150, ms: 50, initMs: 20, outcome: 'error' },
      { startedAt: 1200, ms: 10, outcome: 'ok' },
      { startedAt: 1300 },
    ],
  }).call;
  const shown = segmentsOf(one, 1400).map(({ kind, start, end, attempt }) => [kind, start, end, attempt]);
  assert.deepEqual(shown, [['wait', 100, 150, 1], ['init', 150, 170, 1], ['run', 170, 200, 1], ['wait', 200, 1200, 2], ['run', 1200, 1210, 2], ['wait', 1210, 1300, 3], ['run', 1300, 1400, 3]]);
});

test('spans lie below those that called them, in the order of their beginnings', () => {
  const roots = spansOf([call('late', 20, 5, { parent: 'root' }), call('root', 0, 50), call('early', 10, 5, { parent: 'root' }), call('deep', 12, 1, { parent: 'early' }), call('lost', 30, 1, { parent: 'gone' })], 0);
  assert.deepEqual(rowsOf(roots, new Set()).map((row) => [row.span.call.id, row.depth, row.below]), [['root', 0, 3], ['early', 1, 1], ['deep', 2, 0], ['late', 1, 0], ['lost', 0, 0]]);
  assert.deepEqual(rowsOf(roots, new Set(['root'])).map((row) => row.span.call.id), ['root', 'lost']);
  assert.deepEqual(extent(roots), { start: 0, end: 50 });
});

test('spans that say they called each other are still shown', () => {
  const roots = spansOf([call('a', 0, 1, { parent: 'b' }), call('b', 1, 1, { parent: 'a' }), call('c', 2, 1, { parent: 'c' })], 0);
  assert.equal(rowsOf(roots, new Set()).length, 3);
});

test('marks of the axis are at round distances', () => {
  assert.deepEqual(ticks({ start: 1000, end: 1100 }, 1000, 5), [0, 20, 40, 60, 80, 100]);
  assert.deepEqual(ticks({ start: 1030, end: 1070 }, 1000, 4), [30, 40, 50, 60, 70]);
  assert.equal(ticks({ start: 0, end: 0.1 }, 0, 5).length, 6);
});

test('zooming keeps a point in its place and never leaves the whole', () => {
  const whole = { start: 0, end: 100 };
  assert.deepEqual(zoomed(whole, whole, 0.5, 0.25), { start: 12.5, end: 62.5 });
  assert.deepEqual(zoomed({ start: 10, end: 20 }, whole, 100), whole);
  assert.deepEqual(panned({ start: 10, end: 30 }, whole, -1), { start: 0, end: 20 });
  assert.deepEqual(panned({ start: 70, end: 90 }, whole, 1), { start: 80, end: 100 });
  assert.equal(position(25, { start: 20, end: 30 }), 50);
});
