// The call graph: functions, what invokes them and what they use, and which edges are cyclic or undeclared. `layout.ts` positions it.

import type { App, Language, ResourceUse, Trigger } from '../api/types';
import { triggerKey } from '../store/invocations';
import { compact } from '../text/exact_json';

/** A resource may invoke workers, be used by functions, or both, and is one node. */
export type NodeKind = 'endpoint' | 'worker' | 'schedule' | 'resource';

/** Kinds of triggers that `cargo bedrock graph` names by the resource. */
const RESOURCE_OF_TRIGGER: Record<string, string> = { dynamodb: 'table', kinesis: 'stream' };

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
  /** What the function may do with the resource, if the edge leads to one. */
  access?: string[];
  /** The triggers by which a resource or a schedule invokes the worker, as callers in the list of invocations. */
  callers?: string[];
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

/** Returns whether a node is a function of the app. */
export function isFunction(node: GraphNode): boolean {
  return node.kind === 'worker' || node.kind === 'endpoint';
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
  const addNode = (kind: NodeKind, id: string, note: string): void => {
    if (!known.has(id)) nodes.push({ id, kind, label: id, note });
    known.add(id);
  };
  for (const { name: to, triggers } of app.workers) {
    for (const trigger of triggers ?? []) {
      const id = resourceOfTrigger(trigger);
      addNode(trigger.kind === 'schedule' ? 'schedule' : 'resource', id, describeTrigger(trigger).note);
      const key = `${id}>${to}`;
      const caller = triggerKey(trigger.kind, trigger.local_name ?? trigger.source);
      const callers = [...(edges.get(key)?.callers ?? []), caller];
      edges.set(key, { from: id, to, isDeclared: true, isCycle: false, callers: [...new Set(callers)] });
    }
  }
  for (const { from, kind, name, access } of app.resources ?? []) {
    const to = `${kind} ${name}`;
    addNode('resource', to, access.join(', '));
    if (known.has(from)) edges.set(`${from}>${to}`, { from, to, isDeclared: true, isCycle: false, access });
  }
  const all = [...edges.values()];
  markCycles(nodes.map((node) => node.id), all);
  return { nodes, edges: all };
}

/** Returns the id of the node of a trigger: the words of `cargo bedrock graph`. */
export function resourceOfTrigger(trigger: Trigger): string {
  return `${RESOURCE_OF_TRIGGER[trigger.kind] ?? trigger.kind} ${trigger.source}`;
}

/** Returns the settings of a trigger that have a value, without those that name it. */
export function triggerSettings(trigger: Trigger): [string, string][] {
  const named = ['kind', 'source', 'local_name'];
  const rest = Object.entries(trigger).filter(([key, value]) => !named.includes(key) && value !== null && value !== '');
  return rest.map(([key, value]) => [key.replaceAll('_', ' '), typeof value === 'string' ? value : compact(value)]);
}

/** Returns the label of a trigger, and its remaining settings as a note. */
export function describeTrigger(trigger: Trigger): { label: string; note: string } {
  const note = triggerSettings(trigger).map(([key, value]) => `${key} ${value}`).join(', ');
  return { label: `${trigger.kind} ${trigger.source}`, note };
}

/** How a node that is not a function invokes workers, and who uses it. */
export interface ResourceDetails {
  triggers: { worker: string; trigger: Trigger }[];
  uses: ResourceUse[];
}

/** Returns the settings of a resource or a schedule by the id of its node; undefined if the app has no such node. */
export function resourceDetails(app: App, id: string): ResourceDetails | undefined {
  const triggers = app.workers.flatMap(({ name, triggers: all }) => (all ?? []).map((trigger) => ({ worker: name, trigger })));
  const matching = triggers.filter(({ trigger }) => resourceOfTrigger(trigger) === id);
  const uses = (app.resources ?? []).filter(({ kind, name }) => `${kind} ${name}` === id);
  return matching.length + uses.length > 0 ? { triggers: matching, uses } : undefined;
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
