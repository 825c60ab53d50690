// Which address is which view. Decides; moving there is `router.ts`.

export type View =
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
  | { name: 'builds' }
  | { name: 'missing'; path: string };

export function viewOf(path: string): View {
  const parts = path.split('/').filter((part) => part !== '').map(decoded);
  const [first, second, third] = parts;
  if (first === undefined) return { name: 'overview' };
  if (parts.length === 1) return single(first, path);
  if (parts.length === 2 && second !== undefined) {
    if (first === 'invocations') return { name: 'invocation', id: second };
    if (first === 'traces') return { name: 'trace', id: second };
    if (first === 'workers') return { name: 'worker', worker: second };
    if (first === 'queue') return { name: 'event', id: second };
  }
  if (parts.length === 3 && first === 'workers' && second !== undefined && third === 'run') return { name: 'run', worker: second };
  return { name: 'missing', path };
}

function single(part: string, path: string): View {
  switch (part) {
    case 'graph':
    case 'invocations':
    case 'workers':
    case 'queue':
    case 'builds':
      return { name: part };
    default:
      return { name: 'missing', path };
  }
}

/** A part that is not encoded as it must be is taken as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** An address of parts, and of those parameters that have a value. */
export function pathTo(parts: string[], parameters: Record<string, string | undefined> = {}): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') query.set(key, value);
  }
  const text = query.toString();
  return `/${parts.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
}
