// The filter of the list of invocations, which is stored in the page's URL.

import { type StoredInvocation, callerOf, hasFailed, outcomeOf } from './invocations';

export interface Filter {
  worker?: string;
  /** The calling worker or trigger; `-` for calls from outside the app. */
  from?: string;
  /** An outcome, `running`, `failed` for every unsuccessful outcome and 5xx, or a class of statuses. */
  outcome?: string;
  mode?: string;
  q?: string;
}

export const OUTCOMES = ['failed', 'ok', '4xx', '5xx', 'error', 'timeout', 'throttled', 'denied', 'running'];

const KEYS = ['worker', 'from', 'outcome', 'mode', 'q'] as const;

export function parseFilter(parameters: URLSearchParams): Filter {
  const filter: Filter = {};
  for (const key of KEYS) {
    const value = parameters.get(key);
    if (value !== null && value !== '') filter[key] = value;
  }
  return filter;
}

/** Returns a predicate for the filter. `foundIds` are the ids that the API found for the search text, which also covers data that the page does not have. */
export function matcher(filter: Filter, foundIds: ReadonlySet<string>): (invocation: StoredInvocation) => boolean {
  const text = filter.q?.toLowerCase();
  return (invocation) => {
    if (filter.worker !== undefined && invocation.worker !== filter.worker) return false;
    if (filter.from !== undefined && (callerOf(invocation) ?? '-') !== filter.from) return false;
    if (filter.mode !== undefined && invocation.mode !== filter.mode) return false;
    if (filter.outcome !== undefined && !matchesOutcome(filter.outcome, invocation)) return false;
    return text === undefined || foundIds.has(invocation.id) || containsText(invocation, text);
  };
}

function matchesOutcome(expected: string, invocation: StoredInvocation): boolean {
  if (expected === 'failed') return hasFailed(invocation);
  if (/^\dxx$/.test(expected)) return Math.floor((invocation.status ?? 0) / 100) === Number(expected[0]);
  return outcomeOf(invocation) === expected;
}

function containsText(invocation: StoredInvocation, text: string): boolean {
  if (invocation.id.includes(text) || invocation.worker.includes(text) || invocation.trace.toLowerCase().includes(text)) return true;
  if (`${invocation.http?.method ?? ''} ${invocation.http?.path ?? ''}`.toLowerCase().includes(text)) return true;
  return invocation.attempts.some((attempt) => (attempt.errorType?.toLowerCase().includes(text) ?? false) || (attempt.message?.toLowerCase().includes(text) ?? false));
}
