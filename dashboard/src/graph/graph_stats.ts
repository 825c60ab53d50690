// The statistics of each node and edge of the graph, and the link to the invocations of an edge.

import { pathTo } from '../route/path';
import { type CallStats, edgeKey } from '../store/call_metrics';
import { callMetrics } from '../store/store';
import type { Graph, GraphEdge } from './model';

export type StatsByKey = Map<string, CallStats>;

export function collectStats(graph: Graph, now: number, seconds: number): StatsByKey {
  const result: StatsByKey = new Map();
  for (const { id } of graph.nodes) result.set(id, callMetrics.stats(id, now, seconds));
  for (const { from, to } of graph.edges) {
    const key = edgeKey(from, to);
    result.set(key, callMetrics.stats(key, now, seconds));
  }
  return result;
}

export function edgePath(edge: GraphEdge): string {
  return pathTo(['invocations'], { worker: edge.to, from: edge.from });
}

export function edgeRemarks(edge: GraphEdge, stats: CallStats | undefined): string[] {
  return [
    ...(stats && stats.denied > 0 ? [`${stats.denied} denied`] : []),
    ...(edge.isDeclared ? [] : ['not in the code: AWS would deny this call']),
    ...(edge.isCycle ? ['part of a cycle'] : []),
  ];
}
