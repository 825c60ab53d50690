// What the page knows. Happenings are taken in at once and shown with the next frame, however many come.

import { signal } from '@preact/signals';
import type { App, Happening, Invocation, Outcome, QueueEvent } from '../api/types';
import { type Call, Calls, callerOf } from './calls';
import { type Entry, type History, withEntry } from './history';
import { Rates, edgeKey } from './rates';

/** Invocations that the page knows at most. */
export const MOST = 5_000;

export type Phase = 'connecting' | 'live' | 'lost' | 'asleep';

export const phase = signal<Phase>('connecting');
/** When the stream was lost. */
export const lostAt = signal<number | undefined>(undefined);
export const app = signal<App | undefined>(undefined);
export const history = signal<History>({ entries: [] });
export const queue = signal<QueueEvent[] | undefined>(undefined);
/** Counts up when `calls` or `rates` changed, at most once a frame. */
export const changes = signal(0);
/** Whether the first list is there. */
export const isLoaded = signal(false);
/** The time, by the second. */
export const now = signal(Date.now());

export const calls = new Calls(MOST);
export const rates = new Rates();

type Listener = (happening: Happening) => void;
const listeners = new Set<Listener>();

/** Calls with each happening; gives what ends that. */
export function onHappening(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A run of `dev` that is gone took everything along. */
export function forget(): void {
  calls.clear();
  rates.clear();
  history.value = { entries: [] };
  queue.value = undefined;
  isLoaded.value = false;
  showSoon();
}

/** Takes what the API has put together, in place of what is known. */
export function load(invocations: Invocation[], entries: Entry[]): void {
  calls.replace(invocations);
  rates.clear();
  for (const call of calls.list) {
    for (const attempt of call.attempts) {
      if (attempt.outcome) measured(call, attempt.startedAt + (attempt.ms ?? 0), attempt.ms ?? 0, attempt.outcome);
    }
  }
  history.value = entries.reduce(withEntry, { entries: [] } as History);
  isLoaded.value = true;
  showSoon();
}

export function take(happening: Happening): void {
  switch (happening.kind) {
    case 'invocation_started':
      calls.started(happening);
      break;
    case 'invocation_ended': {
      const news = calls.ended(happening);
      if (news) measured(news.call, Date.parse(happening.at), happening.duration_ms, happening.outcome);
      break;
    }
    case 'queue':
      calls.queued(happening);
      break;
    case 'trigger':
      calls.fired(happening);
      break;
    case 'build':
    case 'reloaded':
    case 'app_started':
    case 'app_stopped':
      history.value = withEntry(history.value, happening);
      break;
    default:
      break;
  }
  for (const listener of listeners) listener(happening);
  showSoon();
}

function measured(call: Call, at: number, ms: number, outcome: Outcome): void {
  rates.add(call.worker, at, ms, outcome);
  rates.add(edgeKey(callerOf(call), call.worker), at, ms, outcome);
}

let isDue = false;

/** Pages that are hidden get no frames. */
function showSoon(): void {
  if (isDue) return;
  isDue = true;
  const show = (): void => {
    isDue = false;
    changes.value += 1;
  };
  if (document.visibilityState === 'hidden') setTimeout(show, 500);
  else requestAnimationFrame(show);
}

/** The newest first. */
export function newest(filter: (call: Call) => boolean, most: number): Call[] {
  const found: Call[] = [];
  for (let at = calls.list.length - 1; at >= 0 && found.length < most; at -= 1) {
    const call = calls.list[at];
    if (call && filter(call)) found.push(call);
  }
  return found;
}
