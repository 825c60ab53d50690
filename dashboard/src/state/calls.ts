// Invocations as the page knows them, put together of a list and what happens behind it, within a bound. The list and the
// stream overlap, so that nothing is missed between them: what is known already changes nothing.

import type { Ended, Invocation, Mode, Outcome, Queued, Started, Triggered } from '../api/types';

export interface Attempt {
  startedAt: number;
  outcome?: Outcome;
  errorType?: string;
  message?: string;
  ms?: number;
  initMs?: number;
  memoryMb?: number;
}

export interface Call {
  id: string;
  worker: string;
  caller?: string;
  parent?: string;
  trace: string;
  mode: Mode;
  attempts: Attempt[];
  /** When the event was accepted into the queue, if that was seen. */
  acceptedAt?: number;
  /** The key of the trigger that made it, if that was seen. */
  trigger?: string;
}

/** The name that a trigger has among callers, which no worker can have. */
export function triggerKey(kind: string, source: string): string {
  return `${kind} ${source}`;
}

/** The worker or the trigger that called. */
export function callerOf(call: Call): string | undefined {
  return call.caller ?? call.trigger;
}

/** Characters of a message that are kept for the list; the whole one is asked for where it is shown. */
const LONGEST = 500;
/** Events that have not started of which is kept when they were accepted, and what triggered them. */
const EARLY = 5_000;

export class Calls {
  /** The oldest first. */
  list: Call[] = [];
  private byId = new Map<string, Call>();
  private accepted = new Map<string, number>();
  private triggered = new Map<string, string>();

  constructor(readonly most: number) {}

  get(id: string): Call | undefined {
    return this.byId.get(id);
  }

  clear(): void {
    this.list = [];
    this.byId.clear();
    this.accepted.clear();
    this.triggered.clear();
  }

  /** Takes a list, the newest first, in place of what is known. */
  replace(invocations: Invocation[]): void {
    const before = this.byId;
    this.list = invocations.slice(0, this.most).map(callOf).reverse();
    this.byId = new Map(this.list.map((call) => [call.id, call]));
    for (const call of this.list) {
      const known = before.get(call.id);
      if (known?.acceptedAt !== undefined) call.acceptedAt = known.acceptedAt;
      if (known?.trigger !== undefined) call.trigger = known.trigger;
      this.complete(call);
    }
  }

  /** Adds older ones, the newest first. */
  prepend(invocations: Invocation[]): void {
    const older = invocations.map(callOf).filter((call) => !this.byId.has(call.id));
    this.list = [...older.reverse(), ...this.list];
    for (const call of older) this.byId.set(call.id, call);
    this.bound();
  }

  started(happening: Started): void {
    const attempt: Attempt = { startedAt: Date.parse(happening.at) };
    const known = this.byId.get(happening.request_id);
    if (known) {
      const isNew = known.attempts.every((other) => other.startedAt !== attempt.startedAt);
      if (isNew) known.attempts.push(attempt);
      return;
    }
    const { request_id: id, worker, trace, mode } = happening;
    const call: Call = { id, worker, trace, mode, attempts: [attempt] };
    if (happening.caller !== undefined) call.caller = happening.caller;
    if (happening.parent_request_id !== undefined) call.parent = happening.parent_request_id;
    this.complete(call);
    this.list.push(call);
    this.byId.set(id, call);
    this.bound();
  }

  /** Gives the call and its attempt if that is news. */
  ended(happening: Ended): { call: Call; attempt: Attempt } | undefined {
    const call = this.byId.get(happening.request_id);
    const isKnown = call?.attempts.some((one) => one.ms === happening.duration_ms && one.outcome === happening.outcome);
    const attempt = call?.attempts.find((one) => one.outcome === undefined);
    if (!call || !attempt || isKnown) return undefined;
    Object.assign(attempt, resultOf(happening));
    return { call, attempt };
  }

  queued(happening: Queued): void {
    if (happening.state !== 'accepted') return;
    const at = Date.parse(happening.at);
    const call = this.byId.get(happening.event_id);
    if (call) {
      call.acceptedAt = at;
      return;
    }
    remember(this.accepted, happening.event_id, at);
  }

  fired(happening: Triggered): void {
    if (happening.request_id === undefined) return;
    const key = triggerKey(happening.trigger, happening.source);
    const call = this.byId.get(happening.request_id);
    if (call) call.trigger = key;
    else remember(this.triggered, happening.request_id, key);
  }

  /** What was seen of it before it began. */
  private complete(call: Call): void {
    const at = this.accepted.get(call.id);
    const trigger = this.triggered.get(call.id);
    if (at !== undefined) call.acceptedAt = at;
    if (trigger !== undefined) call.trigger = trigger;
  }

  /** Forgets the oldest ones, many at a time, so that it is not done with each new one. */
  private bound(): void {
    if (this.list.length <= this.most * 1.1) return;
    const gone = this.list.splice(0, this.list.length - this.most);
    for (const call of gone) {
      this.byId.delete(call.id);
      this.accepted.delete(call.id);
      this.triggered.delete(call.id);
    }
  }
}

function remember<T>(all: Map<string, T>, id: string, value: T): void {
  all.set(id, value);
  if (all.size <= EARLY) return;
  const [oldest] = all.keys();
  if (oldest !== undefined) all.delete(oldest);
}

export function callOf(invocation: Invocation): Call {
  const attempts = invocation.attempts.map((attempt) => ({
    startedAt: Date.parse(attempt.started_at),
    ...(attempt.outcome === undefined ? {} : resultOf({ ...attempt, outcome: attempt.outcome, duration_ms: attempt.duration_ms ?? 0 })),
  }));
  const call: Call = {
    id: invocation.request_id,
    worker: invocation.worker,
    trace: invocation.trace,
    mode: invocation.mode,
    attempts,
  };
  if (invocation.caller !== undefined) call.caller = invocation.caller;
  if (invocation.parent_request_id !== undefined) call.parent = invocation.parent_request_id;
  return call;
}

type Result = Pick<Ended, 'outcome' | 'duration_ms' | 'error_type' | 'message' | 'init_ms' | 'max_memory_mb'>;

function resultOf(result: Result): Omit<Attempt, 'startedAt'> {
  return {
    outcome: result.outcome,
    ms: result.duration_ms,
    ...(result.error_type === undefined ? {} : { errorType: result.error_type.slice(0, LONGEST) }),
    ...(result.message === undefined ? {} : { message: result.message.slice(0, LONGEST) }),
    ...(result.init_ms === undefined ? {} : { initMs: result.init_ms }),
    ...(result.max_memory_mb === undefined ? {} : { memoryMb: result.max_memory_mb }),
  };
}

/** Of its last attempt. */
export function outcomeOf(call: Call): Outcome | 'running' {
  return call.attempts.at(-1)?.outcome ?? 'running';
}

export function beganAt(call: Call): number {
  return call.attempts[0]?.startedAt ?? 0;
}

/** Of the last attempt; of one that runs, so far. */
export function took(call: Call, now: number): number {
  const last = call.attempts.at(-1);
  return last === undefined ? 0 : (last.ms ?? Math.max(0, now - last.startedAt));
}

export function isBad(outcome: Outcome | 'running'): boolean {
  return outcome !== 'ok' && outcome !== 'running';
}
