// What the browser keeps of this page: the theme, and the events that workers were last run with. A browser that keeps
// nothing is no error.

export type Theme = 'light' | 'dark';

/** Events that are kept of a worker, and characters of one. */
const EVENTS = 5;
const LONGEST = 20_000;

/** Nothing: the system's. */
export function theme(): Theme | undefined {
  const kept = read('theme');
  return kept === 'light' || kept === 'dark' ? kept : undefined;
}

export function keepTheme(theme: Theme | undefined): void {
  write('theme', theme);
}

/** The last ones, the newest first. */
export function events(app: string, worker: string): string[] {
  try {
    const kept: unknown = JSON.parse(read(`events/${app}/${worker}`) ?? '[]');
    return Array.isArray(kept) ? kept.filter((event): event is string => typeof event === 'string') : [];
  } catch {
    return [];
  }
}

export function keepEvent(app: string, worker: string, event: string): void {
  if (event.length > LONGEST) return;
  const others = events(app, worker).filter((other) => other !== event);
  write(`events/${app}/${worker}`, JSON.stringify([event, ...others].slice(0, EVENTS)));
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
    // No room, or not allowed.
  }
}
