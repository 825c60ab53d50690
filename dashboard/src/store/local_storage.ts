// What the page stores in the browser: the theme, and the events with which workers were last run. A browser without
// local storage is not an error.

export type Theme = 'light' | 'dark';

const MAX_RECENT_EVENTS = 5;
/** Longer events are not stored. */
const MAX_EVENT_CHARS = 20_000;

/** Returns the chosen theme, or `undefined` for the theme of the system. */
export function storedTheme(): Theme | undefined {
  const value = read('theme');
  return value === 'light' || value === 'dark' ? value : undefined;
}

export function storeTheme(theme: Theme | undefined): void {
  write('theme', theme);
}

/** Returns the last events that a worker was run with, newest first. */
export function recentEvents(app: string, worker: string): string[] {
  try {
    const stored: unknown = JSON.parse(read(`events/${app}/${worker}`) ?? '[]');
    return Array.isArray(stored) ? stored.filter((event): event is string => typeof event === 'string') : [];
  } catch {
    return [];
  }
}

export function storeRecentEvent(app: string, worker: string, event: string): void {
  if (event.length > MAX_EVENT_CHARS) return;
  const others = recentEvents(app, worker).filter((other) => other !== event);
  write(`events/${app}/${worker}`, JSON.stringify([event, ...others].slice(0, MAX_RECENT_EVENTS)));
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(`bedrock/${key}`);
  } catch {
    return null;
  }
}

function write(key: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(`bedrock/${key}`);
    else localStorage.setItem(`bedrock/${key}`, value);
  } catch {
    // The storage is full or disabled.
  }
}
