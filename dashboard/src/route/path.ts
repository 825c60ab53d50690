// Maps URL paths to pages. `router.ts` navigates.

export type Route =
  | { name: 'overview' }
  | { name: 'graph' }
  | { name: 'invocations' }
  | { name: 'invocation'; id: string }
  | { name: 'trace'; id: string }
  | { name: 'workers' }
  | { name: 'worker'; worker: string }
  | { name: 'run'; worker: string }
  | { name: 'queue' }
  | { name: 'event'; id: string }
  | { name: 'executions' }
  | { name: 'execution'; id: string }
  | { name: 'builds' }
  | { name: 'notFound'; path: string };

export function routeOf(path: string): Route {
  const segments = path.split('/').filter((part) => part !== '').map(decodeSegment);
  const [first, second, third] = segments;
  if (first === undefined) return { name: 'overview' };
  if (segments.length === 1) return topLevelRoute(first, path);
  if (segments.length === 2 && second !== undefined) {
    if (first === 'invocations') return { name: 'invocation', id: second };
    if (first === 'traces') return { name: 'trace', id: second };
    if (first === 'workers') return { name: 'worker', worker: second };
    if (first === 'queue') return { name: 'event', id: second };
    if (first === 'executions') return { name: 'execution', id: second };
  }
  if (segments.length === 3 && first === 'workers' && second !== undefined && third === 'run') return { name: 'run', worker: second };
  return { name: 'notFound', path };
}

function topLevelRoute(segment: string, path: string): Route {
  switch (segment) {
    case 'graph':
    case 'invocations':
    case 'workers':
    case 'queue':
    case 'executions':
    case 'builds':
      return { name: segment };
    default:
      return { name: 'notFound', path };
  }
}

/** Decodes a segment; one that is not encoded correctly is returned unchanged. */
function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Returns the URL of path segments and of those parameters that have a value. */
export function pathTo(segments: string[], parameters: Record<string, string | undefined> = {}): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') query.set(key, value);
  }
  const text = query.toString();
  return `/${segments.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
}
