// A trace as a tree of spans: the calls between functions, and the phases of each attempt.

import type { LogLine } from '../api/types';
import type { Attempt, StoredInvocation } from '../store/invocations';

export interface Span {
  invocation: StoredInvocation;
  children: Span[];
  start: number;
  end: number;
  logs: LogLine[];
}

export type SegmentKind = 'wait' | 'init' | 'run';

export interface Segment {
  kind: SegmentKind;
  start: number;
  end: number;
  attempt: number;
  outcome?: Attempt['outcome'];
}

export interface Row {
  span: Span;
  depth: number;
  /** Number of spans below this one, visible or not. */
  descendants: number;
  isCollapsed: boolean;
}

/** Builds the tree of a trace. Returns the root spans; siblings are sorted by their start. */
export function buildSpans(invocations: { invocation: StoredInvocation; logs: LogLine[] }[], now: number): Span[] {
  const spans = new Map<string, Span>();
  for (const { invocation, logs } of invocations) {
    const phases = segments(invocation, now);
    const start = Math.min(...phases.map((phase) => phase.start));
    const end = Math.max(...phases.map((phase) => phase.end));
    spans.set(invocation.id, { invocation, children: [], start, end, logs });
  }
  const roots: Span[] = [];
  for (const span of spans.values()) {
    const parent = span.invocation.parent === undefined ? undefined : spans.get(span.invocation.parent);
    const isCyclic = parent !== undefined && isAncestor(parent, span, spans);
    (parent && !isCyclic ? parent.children : roots).push(span);
  }
  const byStart = (a: Span, b: Span): number => a.start - b.start;
  for (const span of spans.values()) span.children.sort(byStart);
  return roots.sort(byStart);
}

/** Returns whether `span` is an ancestor of `from`. Such a cycle in the data would otherwise hide all of its spans. */
function isAncestor(from: Span, span: Span, spans: Map<string, Span>): boolean {
  const visited = new Set<Span>();
  for (let current: Span | undefined = from; current && !visited.has(current); current = spans.get(current.invocation.parent ?? '')) {
    if (current === span) return true;
    visited.add(current);
  }
  return false;
}

/** Splits the time of an invocation into its phases, including the time in the queue and the pauses between attempts. */
export function segments(invocation: StoredInvocation, now: number): Segment[] {
  const segments: Segment[] = [];
  let previousEnd = invocation.acceptedAt;
  for (const [index, attempt] of invocation.attempts.entries()) {
    const end = attempt.startedAt + (attempt.ms ?? Math.max(0, now - attempt.startedAt));
    const number = index + 1;
    if (previousEnd !== undefined && attempt.startedAt > previousEnd) {
      segments.push({ kind: 'wait', start: previousEnd, end: attempt.startedAt, attempt: number });
    }
    const ready = Math.min(end, attempt.startedAt + (attempt.initMs ?? 0));
    if (ready > attempt.startedAt) segments.push({ kind: 'init', start: attempt.startedAt, end: ready, attempt: number });
    segments.push({ kind: 'run', start: ready, end, attempt: number, outcome: attempt.outcome });
    previousEnd = end;
  }
  return segments;
}

/** Returns the visible rows: all spans except those below a collapsed one. */
export function visibleRows(roots: Span[], collapsed: ReadonlySet<string>): Row[] {
  const rows: Row[] = [];
  const pending = roots.map((span) => ({ span, depth: 0 })).reverse();
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { span, depth } = next;
    const isCollapsed = collapsed.has(span.invocation.id);
    rows.push({ span, depth, descendants: spanCount(span) - 1, isCollapsed });
    if (isCollapsed) continue;
    for (const child of [...span.children].reverse()) pending.push({ span: child, depth: depth + 1 });
  }
  return rows;
}

function spanCount(span: Span): number {
  let count = 0;
  const pending = [span];
  for (let next = pending.pop(); next; next = pending.pop()) {
    count += 1;
    pending.push(...next.children);
  }
  return count;
}

/** Returns the range from the first start to the last end. */
export function timeRange(roots: Span[]): { start: number; end: number } {
  let start = Infinity;
  let end = -Infinity;
  const pending = [...roots];
  for (let next = pending.pop(); next; next = pending.pop()) {
    start = Math.min(start, next.start);
    end = Math.max(end, next.end);
    pending.push(...next.children);
  }
  return start <= end ? { start, end: Math.max(end, start + 0.1) } : { start: 0, end: 1 };
}
