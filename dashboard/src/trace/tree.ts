// A trace as a tree of spans: who called whom, and what each attempt spent its time on.

import type { Line } from '../api/types';
import type { Attempt, Call } from '../state/calls';

export interface Span {
  call: Call;
  children: Span[];
  start: number;
  end: number;
  logs: Line[];
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
  /** Spans below it, shown or not. */
  below: number;
  isCollapsed: boolean;
}

/** The first calls of a trace with all that they led to, each in the order of their beginnings. */
export function spansOf(calls: { call: Call; logs: Line[] }[], now: number): Span[] {
  const spans = new Map<string, Span>();
  for (const { call, logs } of calls) {
    const segments = segmentsOf(call, now);
    const start = Math.min(...segments.map((segment) => segment.start));
    const end = Math.max(...segments.map((segment) => segment.end));
    spans.set(call.id, { call, children: [], start, end, logs });
  }
  const roots: Span[] = [];
  for (const span of spans.values()) {
    const parent = span.call.parent === undefined ? undefined : spans.get(span.call.parent);
    const isBelowItself = parent !== undefined && leadsTo(parent, span, spans);
    (parent && !isBelowItself ? parent.children : roots).push(span);
  }
  const inOrder = (a: Span, b: Span): number => a.start - b.start;
  for (const span of spans.values()) span.children.sort(inOrder);
  return roots.sort(inOrder);
}

/** Whether going up from `from` arrives at `span`: data that say so would hide the whole circle. */
function leadsTo(from: Span, span: Span, spans: Map<string, Span>): boolean {
  const passed = new Set<Span>();
  for (let at: Span | undefined = from; at && !passed.has(at); at = spans.get(at.call.parent ?? '')) {
    if (at === span) return true;
    passed.add(at);
  }
  return false;
}

/** What an invocation spent its time on, queue and pauses between attempts included. */
export function segmentsOf(call: Call, now: number): Segment[] {
  const segments: Segment[] = [];
  let free = call.acceptedAt;
  for (const [index, attempt] of call.attempts.entries()) {
    const end = attempt.startedAt + (attempt.ms ?? Math.max(0, now - attempt.startedAt));
    const number = index + 1;
    if (free !== undefined && attempt.startedAt > free) {
      segments.push({ kind: 'wait', start: free, end: attempt.startedAt, attempt: number });
    }
    const ready = Math.min(end, attempt.startedAt + (attempt.initMs ?? 0));
    if (ready > attempt.startedAt) segments.push({ kind: 'init', start: attempt.startedAt, end: ready, attempt: number });
    segments.push({ kind: 'run', start: ready, end, attempt: number, outcome: attempt.outcome });
    free = end;
  }
  return segments;
}

/** The rows to show, those below a collapsed span left out. */
export function rowsOf(roots: Span[], collapsed: ReadonlySet<string>): Row[] {
  const rows: Row[] = [];
  const work = roots.map((span) => ({ span, depth: 0 })).reverse();
  for (let next = work.pop(); next; next = work.pop()) {
    const { span, depth } = next;
    const isCollapsed = collapsed.has(span.call.id);
    rows.push({ span, depth, below: size(span) - 1, isCollapsed });
    if (isCollapsed) continue;
    for (const child of [...span.children].reverse()) work.push({ span: child, depth: depth + 1 });
  }
  return rows;
}

function size(span: Span): number {
  let count = 0;
  const work = [span];
  for (let next = work.pop(); next; next = work.pop()) {
    count += 1;
    work.push(...next.children);
  }
  return count;
}

/** From the first beginning to the last end. */
export function extent(roots: Span[]): { start: number; end: number } {
  let [start, end] = [Infinity, -Infinity];
  const work = [...roots];
  for (let next = work.pop(); next; next = work.pop()) {
    start = Math.min(start, next.start);
    end = Math.max(end, next.end);
    work.push(...next.children);
  }
  return start <= end ? { start, end: Math.max(end, start + 0.1) } : { start: 0, end: 1 };
}
