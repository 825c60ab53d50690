// Where nodes and edges are drawn: dagre's layers, from the endpoint and the triggers on, with few crossings.

import { graphlib, layout } from '@dagrejs/dagre';
import type { Graph } from './model';

export interface Point {
  x: number;
  y: number;
}

export interface Placed {
  width: number;
  height: number;
  /** The middles of nodes. */
  nodes: Map<string, Point>;
  edges: { from: string; to: string; path: string; label: Point }[];
}

export const NODE = { width: 184, height: 46 };
const LABEL = { width: 104, height: 30 };
const MARGIN = 24;

/** With room for labels at edges where `hasLabels`. */
export function placed(graph: Graph, direction: 'LR' | 'TB', hasLabels: boolean): Placed {
  const drawing = new graphlib.Graph({ multigraph: false, compound: false });
  const gap = hasLabels ? 36 : 64;
  drawing.setGraph({ rankdir: direction, nodesep: direction === 'LR' ? 18 : 28, ranksep: gap, edgesep: 12, marginx: MARGIN, marginy: MARGIN });
  drawing.setDefaultEdgeLabel(() => ({}));
  for (const node of graph.nodes) drawing.setNode(node.id, { ...NODE });
  for (const edge of graph.edges) {
    if (edge.from === edge.to) continue;
    drawing.setEdge(edge.from, edge.to, hasLabels ? { ...LABEL, labelpos: 'c' } : { width: 0, height: 0 });
  }
  layout(drawing);
  const nodes = new Map<string, Point>();
  for (const { id } of graph.nodes) {
    const at = drawing.node(id) as unknown as Point;
    nodes.set(id, { x: at.x, y: at.y });
  }
  const ends = endsOf(graph, nodes, direction);
  const edges = graph.edges.map(({ from, to }, index) => {
    if (from === to) return { from, to, ...loop(nodes.get(from) ?? { x: 0, y: 0 }) };
    const edge = drawing.edge(from, to) as unknown as { points: Point[]; x?: number; y?: number };
    const [start, end] = ends[index] ?? [];
    const points = start && end ? [start, ...edge.points.slice(1, -1), end] : edge.points;
    const middle = points[Math.floor(points.length / 2)] ?? { x: 0, y: 0 };
    return { from, to, path: curve(points, direction), label: { x: edge.x ?? middle.x, y: edge.y ?? middle.y } };
  });
  const size = drawing.graph() as { width?: number; height?: number };
  return { width: size.width ?? 0, height: size.height ?? 0, nodes, edges };
}

/** Where each edge begins and ends: on the sides of its nodes that face each other, spread in the order of the other ends. */
function endsOf(graph: Graph, nodes: Map<string, Point>, direction: 'LR' | 'TB'): [Point, Point][] {
  const [along, across] = direction === 'LR' ? (['x', 'y'] as const) : (['y', 'x'] as const);
  const [length, breadth] = direction === 'LR' ? [NODE.width, NODE.height] : [NODE.height, NODE.width];
  const sides = new Map<string, { edge: number; isStart: boolean; other: number }[]>();
  const at = (id: string): Point => nodes.get(id) ?? { x: 0, y: 0 };
  for (const [edge, { from, to }] of graph.edges.entries()) {
    const isAhead = at(to)[along] >= at(from)[along];
    for (const [id, other, isStart] of [[from, to, true], [to, from, false]] as const) {
      const key = `${isAhead === isStart ? 'far' : 'near'} ${id}`;
      sides.set(key, [...(sides.get(key) ?? []), { edge, isStart, other: at(other)[across] }]);
    }
  }
  const ends = graph.edges.map((): [Point, Point] => [{ x: 0, y: 0 }, { x: 0, y: 0 }]);
  for (const [key, ports] of sides) {
    const node = at(key.slice(key.indexOf(' ') + 1));
    const side = node[along] + (key.startsWith('far') ? length / 2 : -length / 2);
    const step = Math.min(12, (breadth - 12) / ports.length);
    ports.sort((a, b) => a.other - b.other);
    for (const [place, { edge, isStart }] of ports.entries()) {
      const offset = (place - (ports.length - 1) / 2) * step;
      const point = { [along]: side, [across]: node[across] + offset } as unknown as Point;
      const pair = ends[edge];
      if (pair) pair[isStart ? 0 : 1] = point;
    }
  }
  return ends;
}

/** A smooth line through the points, level at each. */
function curve(points: Point[], direction: 'LR' | 'TB'): string {
  const [first, ...others] = points;
  if (!first) return '';
  let before = first;
  const parts = [`M${at(first)}`];
  for (const point of others) {
    const half = direction === 'LR' ? (point.x - before.x) / 2 : (point.y - before.y) / 2;
    const [a, b] =
      direction === 'LR'
        ? [{ x: before.x + half, y: before.y }, { x: point.x - half, y: point.y }]
        : [{ x: before.x, y: before.y + half }, { x: point.x, y: point.y - half }];
    parts.push(`C${at(a)} ${at(b)} ${at(point)}`);
    before = point;
  }
  return parts.join('');
}

/** Of a node that calls itself: a small bow above it. */
function loop(node: Point): { path: string; label: Point } {
  const top = node.y - NODE.height / 2;
  const path = `M${at({ x: node.x - 26, y: top })}C${at({ x: node.x - 26, y: top - 22 })} ${at({ x: node.x + 26, y: top - 22 })} ${at({ x: node.x + 26, y: top })}`;
  return { path, label: { x: node.x, y: top - 20 } };
}

function at({ x, y }: Point): string {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
}

/** The node that lies next in a direction, for the arrow keys. */
export function neighbour(nodes: Map<string, Point>, from: string, key: string): string | undefined {
  const here = nodes.get(from);
  if (!here) return undefined;
  const along = key === 'ArrowLeft' || key === 'ArrowRight' ? 'x' : 'y';
  const across = along === 'x' ? 'y' : 'x';
  const sign = key === 'ArrowRight' || key === 'ArrowDown' ? 1 : -1;
  let best: { id: string; far: number } | undefined;
  for (const [id, point] of nodes) {
    const ahead = (point[along] - here[along]) * sign;
    if (ahead < 1) continue;
    const far = ahead + 2 * Math.abs(point[across] - here[across]);
    if (!best || far < best.far) best = { id, far };
  }
  return best?.id;
}
