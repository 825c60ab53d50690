// Which invocations a list shows, as its address says.

import { type Call, callerOf, isBad, outcomeOf } from './calls';

export interface Filter {
  worker?: string;
  /** The worker or trigger that calls; `-` for calls from outside. */
  from?: string;
  /** An outcome, `running`, or `failed` for all that are bad. */
  outcome?: string;
  mode?: string;
  q?: string;
}

export const OUTCOMES = ['failed', 'ok', 'error', 'timeout', 'throttled', 'denied', 'running'];

const KEYS = ['worker', 'from', 'outcome', 'mode', 'q'] as const;

export function filterOf(parameters: URLSearchParams): Filter {
  const filter: Filter = {};
  for (const key of KEYS) {
    const value = parameters.get(key);
    if (value !== null && value !== '') filter[key] = value;
  }
  return filter;
}

/** Whether a call is shown. `found` are ids that the API found for the text, in what the page does not have. */
export function matcher(filter: Filter, found: ReadonlySet<string>): (call: Call) => boolean {
  const text = filter.q?.toLowerCase();
  return (call) => {
    if (filter.worker !== undefined && call.worker !== filter.worker) return false;
    if (filter.from !== undefined && (callerOf(call) ?? '-') !== filter.from) return false;
    if (filter.mode !== undefined && call.mode !== filter.mode) return false;
    if (filter.outcome !== undefined && !isOutcome(filter.outcome, call)) return false;
    return text === undefined || found.has(call.id) || has(call, text);
  };
}

function isOutcome(wanted: string, call: Call): boolean {
  const outcome = outcomeOf(call);
  return wanted === 'failed' ? isBad(outcome) : outcome === wanted;
}

function has(call: Call, text: string): boolean {
  if (call.id.includes(text) || call.worker.includes(text) || call.trace.toLowerCase().includes(text)) return true;
  return call.attempts.some((one) => (one.errorType?.toLowerCase().includes(text) ?? false) || (one.message?.toLowerCase().includes(text) ?? false));
}
