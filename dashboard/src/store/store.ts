// The state of the page. Events are applied when they arrive and rendered with the next frame, however many arrive.

import { signal } from '@preact/signals';
import type { App, DevEvent, Invocation, Outcome, QueuedEvent } from '../api/types';
import { type BuildHistory, type HistoryEntry, addEntry } from './build_history';
import { CallMetrics, edgeKey } from './call_metrics';
import { InvocationStore, type StoredInvocation, callerOf } from './invocations';

export const MAX_INVOCATIONS = 5_000;

export type ConnectionState = 'connecting' | 'live' | 'lost' | 'paused';

export const connectionState = signal<ConnectionState>('connecting');
/** When the connection was lost, in milliseconds since the epoch. */
export const disconnectedAt = signal<number | undefined>(undefined);
export const app = signal<App | undefined>(undefined);
export const history = signal<BuildHistory>({ entries: [] });
export const queue = signal<QueuedEvent[] | undefined>(undefined);
/** Incremented when `invocations` or `callMetrics` changed, at most once per frame. */
export const version = signal(0);
/** Whether the first list of invocations has been loaded. */
export const isLoaded = signal(false);
/** The current time, updated once a second. */
export const now = signal(Date.now());

export const invocations = new InvocationStore(MAX_INVOCATIONS);
export const callMetrics = new CallMetrics();

type Listener = (event: DevEvent) => void;
const listeners = new Set<Listener>();

/** Calls `listener` with every event; returns a function that removes it. */
export function subscribe(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Clears everything: a new run of `dev` knows nothing of the previous one. */
export function reset(): void {
  invocations.clear();
  callMetrics.clear();
  history.value = { entries: [] };
  queue.value = undefined;
  isLoaded.value = false;
  scheduleRender();
}

/** Replaces the state by what the API returned. */
export function loadSnapshot(list: Invocation[], entries: HistoryEntry[]): void {
  invocations.replace(list);
  callMetrics.clear();
  for (const invocation of invocations.list) {
    for (const attempt of invocation.attempts) {
      const ms = attempt.ms ?? 0;
      if (attempt.outcome) recordMetrics(invocation, attempt.startedAt + ms, ms, attempt.outcome);
    }
  }
  history.value = entries.reduce(addEntry, { entries: [] } as BuildHistory);
  isLoaded.value = true;
  scheduleRender();
}

export function applyEvent(event: DevEvent): void {
  switch (event.kind) {
    case 'invocation_started':
      invocations.applyStarted(event);
      break;
    case 'invocation_ended': {
      const ended = invocations.applyEnded(event);
      if (ended) recordMetrics(ended.invocation, Date.parse(event.at), event.duration_ms, event.outcome);
      break;
    }
    case 'queue':
      invocations.applyQueueUpdate(event);
      break;
    case 'trigger':
      invocations.applyTriggerEvent(event);
      break;
    case 'build':
    case 'reloaded':
    case 'app_started':
    case 'app_stopped':
      history.value = addEntry(history.value, event);
      break;
    default:
      break;
  }
  for (const listener of listeners) listener(event);
  scheduleRender();
}

function recordMetrics(invocation: StoredInvocation, at: number, ms: number, outcome: Outcome): void {
  callMetrics.record(invocation.worker, at, ms, outcome, invocation.status);
  callMetrics.record(edgeKey(callerOf(invocation), invocation.worker), at, ms, outcome, invocation.status);
}

let isRenderScheduled = false;

/** Schedules a rendering with the next frame, or with a timer while the page is hidden and gets no frames. */
function scheduleRender(): void {
  if (isRenderScheduled) return;
  isRenderScheduled = true;
  const render = (): void => {
    isRenderScheduled = false;
    version.value += 1;
  };
  if (document.visibilityState === 'hidden') setTimeout(render, 500);
  else requestAnimationFrame(render);
}

/** Returns up to `limit` matching invocations, newest first. */
export function newestInvocations(filter: (invocation: StoredInvocation) => boolean, limit: number): StoredInvocation[] {
  const found: StoredInvocation[] = [];
  for (let index = invocations.list.length - 1; index >= 0 && found.length < limit; index -= 1) {
    const invocation = invocations.list[index];
    if (invocation && filter(invocation)) found.push(invocation);
  }
  return found;
}
