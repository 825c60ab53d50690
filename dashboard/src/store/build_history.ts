// Builds and reloads, newest first, bounded in number; and which failed builds have not been fixed since.

import type { AppLifecycleEvent, BuildEvent, ReloadEvent } from '../api/types';

export type HistoryEntry = BuildEvent | ReloadEvent | AppLifecycleEvent;

const MAX_ENTRIES = 200;

export interface BuildHistory {
  entries: HistoryEntry[];
}

/** Returns the history with `entry`, unless that is already in it. The end of a build replaces its start. */
export function addEntry(history: BuildHistory, entry: HistoryEntry): BuildHistory {
  if (history.entries.some((other) => other.id === entry.id)) return history;
  const isEnd = entry.kind === 'build' && entry.state !== 'started';
  const others = isEnd ? history.entries.filter((other) => !(other.kind === 'build' && other.state === 'started')) : history.entries;
  const index = others.findIndex((other) => other.id < entry.id);
  const entries = index < 0 ? [...others, entry] : [...others.slice(0, index), entry, ...others.slice(index)];
  return { entries: entries.slice(0, MAX_ENTRIES) };
}

/** Returns the newest build if it is still running. */
export function runningBuild(history: BuildHistory): BuildEvent | undefined {
  const newest = history.entries.find((entry) => entry.kind === 'build');
  return newest?.state === 'started' ? newest : undefined;
}

/** Returns failed builds whose workers have neither been built nor reloaded since, newest first. A build without workers is one of all programs. */
export function unresolvedFailures(history: BuildHistory): BuildEvent[] {
  const fixedWorkers = new Set<string>();
  const failed: BuildEvent[] = [];
  let hasLaterBuild = false;
  for (const entry of history.entries) {
    if (entry.kind === 'app_started') break;
    if (entry.kind === 'reloaded') fixedWorkers.add(entry.worker);
    if (entry.kind !== 'build' || entry.state === 'started') continue;
    const isOfAllPrograms = entry.workers.length === 0;
    const isFixed = isOfAllPrograms ? hasLaterBuild : entry.workers.every((name) => fixedWorkers.has(name));
    if (entry.state === 'failed' && !isFixed) failed.push(entry);
    if (entry.state === 'finished' || isOfAllPrograms) hasLaterBuild = true;
    for (const name of entry.workers) fixedWorkers.add(name);
  }
  return failed;
}
