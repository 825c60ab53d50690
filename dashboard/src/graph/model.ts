// The call graph: functions, triggers, the calls between them, and which of these are cyclic or undeclared. `layout.ts` positions it.

import type { App, Language, Trigger } from '../api/types';
import { triggerKey } from '../store/invocations';
import { compact } from '../text/exact_json';

export type NodeKind = 'endpoint' | 'worker' | 'trigger';

export interface GraphNode {
  id: string;
  kind: NodeKind;
  label: string;
  language?: Language;
  note?: string;
}

export interface GraphEdge {
  from: string;
  to: string;
  /** Whether the call is in the code; other calls were only observed. */
  isDeclared: boolean;
  /** Whether the edge is part of a cycle. */
  isCycle: boolean;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

/** Builds the graph from the app and the observed calls, each a pair of caller and worker. */
export function buildGraph(app: App, observedCalls: [string, string][]): Graph {
  const nodes: GraphNode[] = [{ id: 'endpoint', kind: 'endpoint', label: 'endpoint', language: 'rust' }];
  for (const { name, language } of app.workers) nodes.push({ id: name, kind: 'worker', label: name, language });
  const known = new Set(nodes.map((node) => node.id));
  const edges = new Map<string, GraphEdge>();
  const add = (from: string, to: string, isDeclared: boolean): void => {
    const key = `${from}>${to}`;
    if (known.has(from) && known.has(to) && !edges.has(key)) edges.set(key, { from, to, isDeclared, isCycle: false });
  };
  for (const { from, to } of app.edges ?? []) add(from, to, true);
  for (const [from, to] of observedCalls) add(from, to, false);
  for (const { name: to, triggers } of app.workers) {
    for (const trigger of triggers ?? []) {
      const id = triggerKey(trigger.kind, trigger.source);
      if (!known.has(id)) nodes.push({ id, kind: 'trigger', ...describeTrigger(trigger) });
      known.add(id);
      edges.set(`${id}>${to}`, { from: id, to, isDeclared: true, isCycle: false });
    }
  }
  const all = [...edges.values()];
  markCycles(nodes.map((node) => node.id), all);
  return { nodes, edges: all };
}

/** Returns the label of a trigger, and its remaining settings as a note. */
export function describeTrigger(trigger: Trigger): { label: string; note: string } {
  const rest = Object.entries(trigger).filter(([key, value]) => key !== 'kind' && key !== 'source' && value !== null);
  const note = rest.map(([key, value]) => `${key.replaceAll('_', ' ')} ${typeof value === 'string' ? value : compact(value)}`).join(', ');
  return { label: `${trigger.kind} ${trigger.source}`, note };
}

/** Marks the edges whose ends can reach each other. */
function markCycles(ids: string[], edges: GraphEdge[]): void {
  const group = stronglyConnectedComponents(ids, edges);
  for (const edge of edges) edge.isCycle = group.get(edge.from) === group.get(edge.to);
}

/** Computes strongly connected components with Tarjan's algorithm, without recursion. Returns the number of the component of each node. */
function stronglyConnectedComponents(ids: string[], edges: GraphEdge[]): Map<string, number> {
  const next = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const edge of edges) next.get(edge.from)?.push(edge.to);
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const group = new Map<string, number>();
  const path: string[] = [];
  let groups = 0;
  for (const root of ids) {
    const stack: [string, number][] = index.has(root) ? [] : [[root, 0]];
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as [string, number];
      const [id, at] = top;
      if (at === 0) {
        low.set(id, index.size);
        index.set(id, index.size);
        path.push(id);
      }
      const child = next.get(id)?.[at];
      top[1] += 1;
      if (child !== undefined) {
        if (!index.has(child)) stack.push([child, 0]);
        else if (!group.has(child)) low.set(id, Math.min(low.get(id) ?? 0, index.get(child) ?? 0));
        continue;
      }
      stack.pop();
      const parent = stack[stack.length - 1]?.[0];
      if (parent !== undefined) low.set(parent, Math.min(low.get(parent) ?? 0, low.get(id) ?? 0));
      if (low.get(id) !== index.get(id)) continue;
      for (let member = path.pop(); member !== undefined; member = path.pop()) {
        group.set(member, groups);
        if (member === id) break;
      }
      groups += 1;
    }
  }
  return group;
}
