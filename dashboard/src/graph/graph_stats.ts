// The statistics of each node and edge of the graph, and the link to the invocations of an edge.

import { pathTo } from '../route/path';
import { type CallStats, edgeKey } from '../store/call_metrics';
import { callMetrics } from '../store/store';
import type { Graph, GraphEdge } from './model';

export type StatsByKey = Map<string, CallStats>;

export function collectStats(graph: Graph, now: number, seconds: number): StatsByKey {
  const result: StatsByKey = new Map();
  for (const { id } of graph.nodes) result.set(id, callMetrics.stats(id, now, seconds));
  for (const { from, to, callers } of graph.edges) {
    // Of several triggers of a resource, for example two rules of a bus, the dev events have the same name.
    result.set(edgeKey(from, to), callMetrics.stats(edgeKey(callers?.[0] ?? from, to), now, seconds));
  }
  return result;
}

/** Returns the page of an edge: the invocations of a worker by the caller, or the settings of a resource. */
export function edgePath(edge: GraphEdge): string {
  if (edge.access) return resourcePath(edge.to);
  return pathTo(['invocations'], { worker: edge.to, from: edge.callers?.[0] ?? edge.from });
}

/** Returns the page with the settings of a resource or a schedule. */
export function resourcePath(id: string): string {
  return pathTo(['graph'], { resource: id });
}

export function edgeRemarks(edge: GraphEdge, stats: CallStats | undefined): string[] {
  return [
    ...(edge.access ?? []),
    ...(stats && stats.denied > 0 ? [`${stats.denied} denied`] : []),
    ...(edge.isDeclared ? [] : ['not in the code: AWS would deny this call']),
    ...(edge.isCycle ? ['part of a cycle'] : []),
  ];
}
