// How many calls each edge and each worker had in the last minutes, how many failed, and how long they took. Kept by the
// second, so that old ones fall out by themselves and memory is bounded whatever the traffic.

import type { Outcome } from '../api/types';

export interface Rate {
  /** In the window. */
  count: number;
  errors: number;
  denied: number;
  perSecond: number;
  p50?: number;
  p99?: number;
}

interface Second {
  at: number;
  count: number;
  errors: number;
  denied: number;
  durations: number[];
}

/** Seconds that are kept. */
export const LONGEST_WINDOW = 600;
/** Durations that are kept of a second; those of more calls take their places in turn. */
const SAMPLES = 200;

export class Rates {
  private series = new Map<string, Second[]>();

  clear(): void {
    this.series.clear();
  }

  add(key: string, at: number, ms: number, outcome: Outcome): void {
    const second = this.second(key, Math.floor(at / 1000));
    if (!second) return;
    second.durations[second.count % SAMPLES] = ms;
    second.count += 1;
    if (outcome !== 'ok') second.errors += 1;
    if (outcome === 'denied') second.denied += 1;
  }

  keys(): string[] {
    return [...this.series.keys()];
  }

  /** Of the last `window` seconds before `now`. */
  of(key: string, now: number, window: number): Rate {
    const from = Math.floor(now / 1000) - window;
    const rate: Rate = { count: 0, errors: 0, denied: 0, perSecond: 0 };
    const durations: number[] = [];
    for (const second of this.series.get(key) ?? []) {
      if (second.at <= from) continue;
      rate.count += second.count;
      rate.errors += second.errors;
      rate.denied += second.denied;
      durations.push(...second.durations);
    }
    rate.perSecond = rate.count / window;
    if (durations.length > 0) {
      durations.sort((a, b) => a - b);
      rate.p50 = percentile(durations, 0.5);
      rate.p99 = percentile(durations, 0.99);
    }
    return rate;
  }

  /** The place of a second, which may be a little older than the newest. */
  private second(key: string, at: number): Second | undefined {
    let all = this.series.get(key);
    if (!all) this.series.set(key, (all = []));
    const newest = all.at(-1)?.at ?? at;
    if (at <= newest - LONGEST_WINDOW) return undefined;
    let place = all.length;
    while (place > 0 && (all[place - 1]?.at ?? 0) > at) place -= 1;
    const known = all[place - 1];
    if (known?.at === at) return known;
    const second: Second = { at, count: 0, errors: 0, denied: 0, durations: [] };
    all.splice(place, 0, second);
    const old = all.findIndex((one) => one.at > Math.max(at, newest) - LONGEST_WINDOW);
    if (old > 0) all.splice(0, old);
    return second;
  }
}

/** Of sorted values, by the nearest rank. */
export function percentile(sorted: number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
}

/** The key of an edge; calls from outside have no caller. */
export function edgeKey(caller: string | undefined, worker: string): string {
  return `${caller ?? ''}>${worker}`;
}
