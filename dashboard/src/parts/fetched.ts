// What a view asks the API for: once for each address, again when something says that it changed, void when the view is gone.

import { useEffect, useRef, useState } from 'preact/hooks';
import { get } from '../api/client';

export interface Fetched<T> {
  data?: T;
  error?: unknown;
  isLoading: boolean;
  again: () => void;
}

/** While `path` stays the same, old data stay until new ones are there, also beside an error. `key` asks anew when it is another one. */
export function useFetched<T>(path: string | undefined, key: unknown = 0): Fetched<T> {
  const [state, setState] = useState<{ path?: string; data?: T; error?: unknown }>({});
  const [asked, setAsked] = useState(0);
  const latest = useRef(0);
  useEffect(() => {
    if (path === undefined) return undefined;
    const abort = new AbortController();
    const mine = (latest.current += 1);
    get<T>(path, abort.signal).then(
      (data) => mine === latest.current && setState({ path, data }),
      (error: unknown) => {
        if (abort.signal.aborted || mine !== latest.current) return;
        setState((before) => (before.path === path && before.data !== undefined ? { path, data: before.data, error } : { path, error }));
      },
    );
    return () => abort.abort();
  }, [path, key, asked]);
  const isCurrent = state.path === path;
  return {
    ...(isCurrent && state.data !== undefined ? { data: state.data } : {}),
    ...(isCurrent && state.error !== undefined ? { error: state.error } : {}),
    isLoading: path !== undefined && !isCurrent,
    again: () => setAsked((before) => before + 1),
  };
}
