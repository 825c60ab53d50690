// Invocations that the page knows, built from a list and the events published after it, bounded in number. The list and
// the event stream overlap so that nothing is missed between them; events that are already known change nothing.

import type { AsyncEventUpdate, HttpRequest, Invocation, InvocationEnded, InvocationStarted, Mode, Outcome, TriggerEvent } from '../api/types';

export interface Attempt {
  startedAt: number;
  outcome?: Outcome;
  errorType?: string;
  message?: string;
  ms?: number;
  initMs?: number;
  memoryMb?: number;
}

export interface StoredInvocation {
  id: string;
  worker: string;
  caller?: string;
  parent?: string;
  trace: string;
  mode: Mode;
  attempts: Attempt[];
  http?: HttpRequest;
  /** The HTTP status of the last attempt. */
  status?: number;
  /** When the event was accepted into the queue, if the page received that event. */
  acceptedAt?: number;
  /** The key of the trigger that caused the invocation, if the page received that event. */
  trigger?: string;
}

/** Returns the name of a trigger in lists of callers. It contains a space, so it never equals the name of a worker. */
export function triggerKey(kind: string, source: string): string {
  return `${kind} ${source}`;
}

/** Returns the worker or the trigger that caused the invocation. */
export function callerOf(invocation: StoredInvocation): string | undefined {
  return invocation.caller ?? invocation.trigger;
}

/** Characters of an error message that are stored for lists; the page of an invocation requests the full message. */
const MAX_MESSAGE_CHARS = 500;
/** Number of events not yet started for which the time of acceptance and the trigger are stored. */
const MAX_PENDING_EVENTS = 5_000;
/** Failed invocations that stay when the others of their time are removed. */
const MAX_KEPT_FAILURES = 500;

export class InvocationStore {
  /** Oldest first. */
  list: StoredInvocation[] = [];
  private byId = new Map<string, StoredInvocation>();
  private acceptedAtById = new Map<string, number>();
  private triggerById = new Map<string, string>();

  constructor(readonly capacity: number) {}

  get(id: string): StoredInvocation | undefined {
    return this.byId.get(id);
  }

  clear(): void {
    this.list = [];
    this.byId.clear();
    this.acceptedAtById.clear();
    this.triggerById.clear();
  }

  /** Replaces everything by a list, newest first. */
  replace(invocations: Invocation[]): void {
    const previous = this.byId;
    this.list = invocations.slice(0, this.capacity).map(storedInvocationOf).reverse();
    this.byId = new Map(this.list.map((invocation) => [invocation.id, invocation]));
    for (const invocation of this.list) {
      const known = previous.get(invocation.id);
      if (known?.acceptedAt !== undefined) invocation.acceptedAt = known.acceptedAt;
      if (known?.trigger !== undefined) invocation.trigger = known.trigger;
      this.addPendingFacts(invocation);
    }
  }

  /** Adds older invocations, newest first. */
  prepend(invocations: Invocation[]): void {
    const older = invocations.map(storedInvocationOf).filter((invocation) => !this.byId.has(invocation.id));
    this.list = [...older.reverse(), ...this.list];
    for (const invocation of older) this.byId.set(invocation.id, invocation);
    this.evictOldest();
  }

  applyStarted(event: InvocationStarted): void {
    const attempt: Attempt = { startedAt: Date.parse(event.at) };
    const known = this.byId.get(event.request_id);
    if (known) {
      const isNew = known.attempts.every((other) => other.startedAt !== attempt.startedAt);
      if (isNew) known.attempts.push(attempt);
      return;
    }
    const { request_id: id, worker, trace, mode } = event;
    const invocation: StoredInvocation = { id, worker, trace, mode, attempts: [attempt] };
    if (event.http !== undefined) invocation.http = event.http;
    if (event.caller !== undefined) invocation.caller = event.caller;
    if (event.parent_request_id !== undefined) invocation.parent = event.parent_request_id;
    this.addPendingFacts(invocation);
    this.list.push(invocation);
    this.byId.set(id, invocation);
    this.evictOldest();
  }

  /** Returns the invocation and the attempt that ended, or `undefined` if the event was already known. */
  applyEnded(event: InvocationEnded): { invocation: StoredInvocation; attempt: Attempt } | undefined {
    const invocation = this.byId.get(event.request_id);
    const isKnown = invocation?.attempts.some((attempt) => attempt.ms === event.duration_ms && attempt.outcome === event.outcome);
    const attempt = invocation?.attempts.find((candidate) => candidate.outcome === undefined);
    if (!invocation || !attempt || isKnown) return undefined;
    Object.assign(attempt, resultOf(event));
    if (event.status !== undefined) invocation.status = event.status;
    return { invocation, attempt };
  }

  applyQueueUpdate(event: AsyncEventUpdate): void {
    if (event.state !== 'accepted') return;
    const acceptedAt = Date.parse(event.at);
    const invocation = this.byId.get(event.event_id);
    if (invocation) {
      invocation.acceptedAt = acceptedAt;
      return;
    }
    insertBounded(this.acceptedAtById, event.event_id, acceptedAt);
  }

  applyTriggerEvent(event: TriggerEvent): void {
    if (event.request_id === undefined) return;
    const key = triggerKey(event.trigger, event.source);
    const invocation = this.byId.get(event.request_id);
    if (invocation) invocation.trigger = key;
    else insertBounded(this.triggerById, event.request_id, key);
  }

  /** Adds the time of acceptance and the trigger if their events arrived before the invocation started. */
  private addPendingFacts(invocation: StoredInvocation): void {
    const acceptedAt = this.acceptedAtById.get(invocation.id);
    const trigger = this.triggerById.get(invocation.id);
    if (acceptedAt !== undefined) invocation.acceptedAt = acceptedAt;
    if (trigger !== undefined) invocation.trigger = trigger;
  }

  /** Removes the oldest invocations in batches, so that the array is not shifted for every new one. The newest failures stay. */
  private evictOldest(): void {
    if (this.list.length <= this.capacity * 1.1) return;
    const oldest = this.list.splice(0, this.list.length - this.capacity);
    const kept = new Set(oldest.filter(hasFailed).slice(-MAX_KEPT_FAILURES));
    this.list.unshift(...kept);
    for (const invocation of oldest.filter((candidate) => !kept.has(candidate))) {
      this.byId.delete(invocation.id);
      this.acceptedAtById.delete(invocation.id);
      this.triggerById.delete(invocation.id);
    }
  }
}

function insertBounded<T>(map: Map<string, T>, id: string, value: T): void {
  map.set(id, value);
  if (map.size <= MAX_PENDING_EVENTS) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

export function storedInvocationOf(response: Invocation): StoredInvocation {
  const attempts = response.attempts.map((attempt) => ({
    startedAt: Date.parse(attempt.started_at),
    ...(attempt.outcome === undefined ? {} : resultOf({ ...attempt, outcome: attempt.outcome, duration_ms: attempt.duration_ms ?? 0 })),
  }));
  const invocation: StoredInvocation = {
    id: response.request_id,
    worker: response.worker,
    trace: response.trace,
    mode: response.mode,
    attempts,
  };
  if (response.http !== undefined) invocation.http = response.http;
  if (response.status !== undefined) invocation.status = response.status;
  if (response.caller !== undefined) invocation.caller = response.caller;
  if (response.parent_request_id !== undefined) invocation.parent = response.parent_request_id;
  return invocation;
}

type AttemptResult = Pick<InvocationEnded, 'outcome' | 'duration_ms' | 'error_type' | 'message' | 'init_ms' | 'max_memory_mb'>;

function resultOf(result: AttemptResult): Omit<Attempt, 'startedAt'> {
  return {
    outcome: result.outcome,
    ms: result.duration_ms,
    ...(result.error_type === undefined ? {} : { errorType: result.error_type.slice(0, MAX_MESSAGE_CHARS) }),
    ...(result.message === undefined ? {} : { message: result.message.slice(0, MAX_MESSAGE_CHARS) }),
    ...(result.init_ms === undefined ? {} : { initMs: result.init_ms }),
    ...(result.max_memory_mb === undefined ? {} : { memoryMb: result.max_memory_mb }),
  };
}

/** Returns the outcome of the last attempt. */
export function outcomeOf(invocation: StoredInvocation): Outcome | 'running' {
  return invocation.attempts.at(-1)?.outcome ?? 'running';
}

/** Returns the start of the first attempt, in milliseconds since the epoch. */
export function startedAtOf(invocation: StoredInvocation): number {
  return invocation.attempts[0]?.startedAt ?? 0;
}

/** Returns the duration of the last attempt in milliseconds; of a running one, the time until `now`. */
export function durationOf(invocation: StoredInvocation, now: number): number {
  const last = invocation.attempts.at(-1);
  return last === undefined ? 0 : (last.ms ?? Math.max(0, now - last.startedAt));
}

/** Whether the last attempt failed, or responded with a status of 5xx. */
export function hasFailed(invocation: StoredInvocation): boolean {
  return isFailure(outcomeOf(invocation)) || (invocation.status ?? 0) >= 500;
}

export function isFailure(outcome: Outcome | 'running'): boolean {
  return outcome !== 'ok' && outcome !== 'running';
}
