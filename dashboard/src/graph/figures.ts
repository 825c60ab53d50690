// What is known of the calls along each edge, and where to see them.

import { pathTo } from '../route/path';
import { type Rate, edgeKey } from '../state/rates';
import { rates } from '../state/store';
import type { Graph, GraphEdge } from './model';

export type Measured = Map<string, Rate>;

export function measured(graph: Graph, at: number, seconds: number): Measured {
  const all: Measured = new Map();
  for (const { id } of graph.nodes) all.set(id, rates.of(id, at, seconds));
  for (const { from, to } of graph.edges) {
    const key = edgeKey(from, to);
    all.set(key, rates.of(key, at, seconds));
  }
  return all;
}

export function edgePath(edge: GraphEdge): string {
  return pathTo(['invocations'], { worker: edge.to, from: edge.from });
}

export function notes(edge: GraphEdge, of: Rate | undefined): string[] {
  return [
    ...(of && of.denied > 0 ? [`${of.denied} denied`] : []),
    ...(edge.isDeclared ? [] : ['not in the code: AWS would deny it']),
    ...(edge.isCycle ? ['in a circle'] : []),
  ];
}
