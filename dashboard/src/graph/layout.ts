// Positions of nodes and edges: dagre's layered layout, starting from the endpoint and the triggers, with few crossings.

import { graphlib, layout } from '@dagrejs/dagre';
import type { Graph } from './model';

export interface Point {
  x: number;
  y: number;
}

export interface GraphLayout {
  width: number;
  height: number;
  /** The centres of the nodes. */
  nodes: Map<string, Point>;
  edges: { from: string; to: string; path: string; label: Point }[];
}

export const NODE_SIZE = { width: 184, height: 46 };
const LABEL_SIZE = { width: 104, height: 30 };
const MARGIN = 24;

/** Computes the layout; with `hasLabels`, leaves space for labels at the edges. */
export function layoutGraph(graph: Graph, direction: 'LR' | 'TB', hasLabels: boolean): GraphLayout {
  const drawing = new graphlib.Graph({ multigraph: false, compound: false });
  const gap = hasLabels ? 36 : 64;
  drawing.setGraph({ rankdir: direction, nodesep: direction === 'LR' ? 18 : 28, ranksep: gap, edgesep: 12, marginx: MARGIN, marginy: MARGIN });
  drawing.setDefaultEdgeLabel(() => ({}));
  for (const node of graph.nodes) drawing.setNode(node.id, { ...NODE_SIZE });
  for (const edge of graph.edges) {
    if (edge.from === edge.to) continue;
    drawing.setEdge(edge.from, edge.to, hasLabels ? { ...LABEL_SIZE, labelpos: 'c' } : { width: 0, height: 0 });
  }
  layout(drawing);
  const nodes = new Map<string, Point>();
  for (const { id } of graph.nodes) {
    const at = drawing.node(id) as unknown as Point;
    nodes.set(id, { x: at.x, y: at.y });
  }
  const ends = edgeEnds(graph, nodes, direction);
  const edges = graph.edges.map(({ from, to }, index) => {
    if (from === to) return { from, to, ...selfLoop(nodes.get(from) ?? { x: 0, y: 0 }) };
    const edge = drawing.edge(from, to) as unknown as { points: Point[]; x?: number; y?: number };
    const [start, end] = ends[index] ?? [];
    const points = start && end ? [start, ...edge.points.slice(1, -1), end] : edge.points;
    const middle = points[Math.floor(points.length / 2)] ?? { x: 0, y: 0 };
    return { from, to, path: curve(points, direction), label: { x: edge.x ?? middle.x, y: edge.y ?? middle.y } };
  });
  const size = drawing.graph() as { width?: number; height?: number };
  return { width: size.width ?? 0, height: size.height ?? 0, nodes, edges };
}

/** Returns the start and the end of each edge: on the sides of its nodes that face each other, ordered by the position of the opposite end to avoid crossings. */
function edgeEnds(graph: Graph, nodes: Map<string, Point>, direction: 'LR' | 'TB'): [Point, Point][] {
  const [along, across] = direction === 'LR' ? (['x', 'y'] as const) : (['y', 'x'] as const);
  const [length, breadth] = direction === 'LR' ? [NODE_SIZE.width, NODE_SIZE.height] : [NODE_SIZE.height, NODE_SIZE.width];
  const sides = new Map<string, { edge: number; isStart: boolean; other: number }[]>();
  const position = (id: string): Point => nodes.get(id) ?? { x: 0, y: 0 };
  for (const [edge, { from, to }] of graph.edges.entries()) {
    const isAhead = position(to)[along] >= position(from)[along];
    for (const [id, other, isStart] of [[from, to, true], [to, from, false]] as const) {
      const key = `${isAhead === isStart ? 'far' : 'near'} ${id}`;
      sides.set(key, [...(sides.get(key) ?? []), { edge, isStart, other: position(other)[across] }]);
    }
  }
  const ends = graph.edges.map((): [Point, Point] => [{ x: 0, y: 0 }, { x: 0, y: 0 }]);
  for (const [key, ports] of sides) {
    const node = position(key.slice(key.indexOf(' ') + 1));
    const side = node[along] + (key.startsWith('far') ? length / 2 : -length / 2);
    const step = Math.min(12, (breadth - 12) / ports.length);
    ports.sort((a, b) => a.other - b.other);
    for (const [index, { edge, isStart }] of ports.entries()) {
      const offset = (index - (ports.length - 1) / 2) * step;
      const point = { [along]: side, [across]: node[across] + offset } as unknown as Point;
      const pair = ends[edge];
      if (pair) pair[isStart ? 0 : 1] = point;
    }
  }
  return ends;
}

/** Returns a smooth path through the points, horizontal (or vertical, for `TB`) at each of them. */
function curve(points: Point[], direction: 'LR' | 'TB'): string {
  const [first, ...others] = points;
  if (!first) return '';
  let previous = first;
  const parts = [`M${formatPoint(first)}`];
  for (const point of others) {
    const half = direction === 'LR' ? (point.x - previous.x) / 2 : (point.y - previous.y) / 2;
    const [a, b] =
      direction === 'LR'
        ? [{ x: previous.x + half, y: previous.y }, { x: point.x - half, y: point.y }]
        : [{ x: previous.x, y: previous.y + half }, { x: point.x, y: point.y - half }];
    parts.push(`C${formatPoint(a)} ${formatPoint(b)} ${formatPoint(point)}`);
    previous = point;
  }
  return parts.join('');
}

/** Returns the edge of a node that calls itself: a small loop above the node. */
function selfLoop(node: Point): { path: string; label: Point } {
  const top = node.y - NODE_SIZE.height / 2;
  const path = `M${formatPoint({ x: node.x - 26, y: top })}C${formatPoint({ x: node.x - 26, y: top - 22 })} ${formatPoint({ x: node.x + 26, y: top - 22 })} ${formatPoint({ x: node.x + 26, y: top })}`;
  return { path, label: { x: node.x, y: top - 20 } };
}

function formatPoint({ x, y }: Point): string {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
}

/** Returns the nearest node in the direction of an arrow key. */
export function nextNodeInDirection(nodes: Map<string, Point>, from: string, key: string): string | undefined {
  const origin = nodes.get(from);
  if (!origin) return undefined;
  const along = key === 'ArrowLeft' || key === 'ArrowRight' ? 'x' : 'y';
  const across = along === 'x' ? 'y' : 'x';
  const sign = key === 'ArrowRight' || key === 'ArrowDown' ? 1 : -1;
  let best: { id: string; distance: number } | undefined;
  for (const [id, point] of nodes) {
    const ahead = (point[along] - origin[along]) * sign;
    if (ahead < 1) continue;
    const distance = ahead + 2 * Math.abs(point[across] - origin[across]);
    if (!best || distance < best.distance) best = { id, distance };
  }
  return best?.id;
}
