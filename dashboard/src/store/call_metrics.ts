// Number, failures and durations of the recent calls of each worker and each edge of the call graph. Calls are counted in
// buckets of one second, so old buckets can be dropped and memory stays bounded whatever the traffic.

import type { Outcome } from '../api/types';

export interface CallStats {
  count: number;
  errors: number;
  /** Responses with a status of 4xx. */
  clientErrors: number;
  denied: number;
  perSecond: number;
  /** Milliseconds. */
  p50?: number;
  /** Milliseconds. */
  p99?: number;
}

interface Bucket {
  /** Seconds since the epoch. */
  second: number;
  count: number;
  errors: number;
  clientErrors: number;
  denied: number;
  durations: number[];
}

export const MAX_WINDOW_SECONDS = 600;
/** Durations stored in a bucket; further calls overwrite the first ones. */
const MAX_SAMPLES_PER_BUCKET = 200;

export class CallMetrics {
  private buckets = new Map<string, Bucket[]>();

  clear(): void {
    this.buckets.clear();
  }

  /** Counts a call that ended at `at`, in milliseconds since the epoch. A status of 5xx is an error. */
  record(key: string, at: number, ms: number, outcome: Outcome, status?: number): void {
    const bucket = this.bucket(key, Math.floor(at / 1000));
    if (!bucket) return;
    bucket.durations[bucket.count % MAX_SAMPLES_PER_BUCKET] = ms;
    bucket.count += 1;
    if (outcome !== 'ok' || (status ?? 0) >= 500) bucket.errors += 1;
    else if ((status ?? 0) >= 400) bucket.clientErrors += 1;
    if (outcome === 'denied') bucket.denied += 1;
  }

  keys(): string[] {
    return [...this.buckets.keys()];
  }

  /** Summarizes the last `window` seconds before `now`. */
  stats(key: string, now: number, window: number): CallStats {
    const from = Math.floor(now / 1000) - window;
    const stats: CallStats = { count: 0, errors: 0, clientErrors: 0, denied: 0, perSecond: 0 };
    const durations: number[] = [];
    for (const bucket of this.buckets.get(key) ?? []) {
      if (bucket.second <= from) continue;
      stats.count += bucket.count;
      stats.errors += bucket.errors;
      stats.clientErrors += bucket.clientErrors;
      stats.denied += bucket.denied;
      durations.push(...bucket.durations);
    }
    stats.perSecond = stats.count / window;
    if (durations.length > 0) {
      durations.sort((a, b) => a - b);
      stats.p50 = percentile(durations, 0.5);
      stats.p99 = percentile(durations, 0.99);
    }
    return stats;
  }

  /** Returns the bucket of a second, which may be older than the newest. Returns `undefined` if it is outside the largest window. */
  private bucket(key: string, second: number): Bucket | undefined {
    let series = this.buckets.get(key);
    if (!series) this.buckets.set(key, (series = []));
    const newest = series.at(-1)?.second ?? second;
    if (second <= newest - MAX_WINDOW_SECONDS) return undefined;
    let index = series.length;
    while (index > 0 && (series[index - 1]?.second ?? 0) > second) index -= 1;
    const known = series[index - 1];
    if (known?.second === second) return known;
    const bucket: Bucket = { second, count: 0, errors: 0, clientErrors: 0, denied: 0, durations: [] };
    series.splice(index, 0, bucket);
    const firstInWindow = series.findIndex((other) => other.second > Math.max(second, newest) - MAX_WINDOW_SECONDS);
    if (firstInWindow > 0) series.splice(0, firstInWindow);
    return bucket;
  }
}

/** Returns a percentile of sorted values by the nearest-rank method. */
export function percentile(sorted: number[], fraction: number): number {
  return sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)] ?? 0;
}

/** Returns the key of an edge. Calls from outside the app have no caller. */
export function edgeKey(caller: string | undefined, worker: string): string {
  return `${caller ?? ''}>${worker}`;
}
