// Builds and reloads, the newest first, within a bound; and whether the last build of each function failed.

import type { Build, Place, Reloaded } from '../api/types';

export type Entry = Build | Reloaded | Place;

/** Entries that are kept. */
const MOST = 200;

export interface History {
  entries: Entry[];
}

/** With one more, unless it is known. A build that ends takes the place of its start. */
export function withEntry(history: History, entry: Entry): History {
  if (history.entries.some((other) => other.id === entry.id)) return history;
  const isEnd = entry.kind === 'build' && entry.state !== 'started';
  const others = isEnd ? history.entries.filter((other) => !(other.kind === 'build' && other.state === 'started')) : history.entries;
  const at = others.findIndex((other) => other.id < entry.id);
  const entries = at < 0 ? [...others, entry] : [...others.slice(0, at), entry, ...others.slice(at)];
  return { entries: entries.slice(0, MOST) };
}

/** The build that is running, if the newest is. */
export function running(history: History): Build | undefined {
  const newest = history.entries.find((entry) => entry.kind === 'build');
  return newest?.state === 'started' ? newest : undefined;
}

/** Builds that failed with nothing behind them that mended what they were about, the newest first. One that names nobody is of all programs. */
export function broken(history: History): Build[] {
  const mended = new Set<string>();
  const failed: Build[] = [];
  let isBuilt = false;
  for (const entry of history.entries) {
    if (entry.kind === 'app_started') break;
    if (entry.kind === 'reloaded') mended.add(entry.worker);
    if (entry.kind !== 'build' || entry.state === 'started') continue;
    const isOfAll = entry.workers.length === 0;
    const isMended = isOfAll ? isBuilt : entry.workers.every((name) => mended.has(name));
    if (entry.state === 'failed' && !isMended) failed.push(entry);
    if (entry.state === 'finished' || isOfAll) isBuilt = true;
    for (const name of entry.workers) mended.add(name);
  }
  return failed;
}
