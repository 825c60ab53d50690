// The call graph: who is there, who may call whom, and what of that is odd. Where it is drawn is for `layout.ts`.

import type { App, Language, Trigger } from '../api/types';
import { triggerKey } from '../state/calls';
import { compact } from '../text/exact';

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
  /** Whether the code has it; others were only seen to happen. */
  isDeclared: boolean;
  /** Whether it leads back to where it begins. */
  isCycle: boolean;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

/** `seen` are calls that happened: caller and worker. */
export function graphOf(app: App, seen: [string, string][]): Graph {
  const nodes: GraphNode[] = [{ id: 'endpoint', kind: 'endpoint', label: 'endpoint', language: 'rust' }];
  for (const { name, language } of app.workers) nodes.push({ id: name, kind: 'worker', label: name, language });
  const known = new Set(nodes.map((node) => node.id));
  const edges = new Map<string, GraphEdge>();
  const add = (from: string, to: string, isDeclared: boolean): void => {
    const key = `${from}>${to}`;
    if (known.has(from) && known.has(to) && !edges.has(key)) edges.set(key, { from, to, isDeclared, isCycle: false });
  };
  for (const { from, to } of app.edges ?? []) add(from, to, true);
  for (const [from, to] of seen) add(from, to, false);
  for (const { name: to, triggers } of app.workers) {
    for (const trigger of triggers ?? []) {
      const id = triggerKey(trigger.kind, trigger.source);
      if (!known.has(id)) nodes.push({ id, kind: 'trigger', ...described(trigger) });
      known.add(id);
      edges.set(`${id}>${to}`, { from: id, to, isDeclared: true, isCycle: false });
    }
  }
  const all = [...edges.values()];
  markCycles(nodes.map((node) => node.id), all);
  return { nodes, edges: all };
}

/** What a trigger is called, and what else is known of it. */
export function described(trigger: Trigger): { label: string; note: string } {
  const rest = Object.entries(trigger).filter(([key, value]) => key !== 'kind' && key !== 'source' && value !== null);
  const note = rest.map(([key, value]) => `${key.replaceAll('_', ' ')} ${typeof value === 'string' ? value : compact(value)}`).join(', ');
  return { label: `${trigger.kind} ${trigger.source}`, note };
}

/** An edge is of a cycle when both its ends can reach each other. */
function markCycles(ids: string[], edges: GraphEdge[]): void {
  const group = components(ids, edges);
  for (const edge of edges) edge.isCycle = group.get(edge.from) === group.get(edge.to);
}

/** Tarjan's strongly connected components, without recursion: to each node the number of its group. */
function components(ids: string[], edges: GraphEdge[]): Map<string, number> {
  const next = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const edge of edges) next.get(edge.from)?.push(edge.to);
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const group = new Map<string, number>();
  const path: string[] = [];
  let groups = 0;
  for (const root of ids) {
    const work: [string, number][] = index.has(root) ? [] : [[root, 0]];
    while (work.length > 0) {
      const top = work[work.length - 1] as [string, number];
      const [id, at] = top;
      if (at === 0) {
        low.set(id, index.size);
        index.set(id, index.size);
        path.push(id);
      }
      const child = next.get(id)?.[at];
      top[1] += 1;
      if (child !== undefined) {
        if (!index.has(child)) work.push([child, 0]);
        else if (!group.has(child)) low.set(id, Math.min(low.get(id) ?? 0, index.get(child) ?? 0));
        continue;
      }
      work.pop();
      const parent = work[work.length - 1]?.[0];
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
