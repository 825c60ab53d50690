// Fetches data from the API: once per path, again when a key changes; aborts when the component is unmounted.

import { useEffect, useRef, useState } from 'preact/hooks';
import { get } from '../api/client';

export interface FetchState<T> {
  data?: T;
  error?: unknown;
  isLoading: boolean;
  reload: () => void;
}

/** Fetches `path`, and fetches it again when `key` changes. For the same path, the previous data stay until new data arrive, also when a later request fails. */
export function useFetch<T>(path: string | undefined, key: unknown = 0): FetchState<T> {
  const [state, setState] = useState<{ path?: string; data?: T; error?: unknown }>({});
  const [reloads, setReloads] = useState(0);
  const latestRequest = useRef(0);
  useEffect(() => {
    if (path === undefined) return undefined;
    const abort = new AbortController();
    const own = (latestRequest.current += 1);
    get<T>(path, abort.signal).then(
      (data) => own === latestRequest.current && setState({ path, data }),
      (error: unknown) => {
        if (abort.signal.aborted || own !== latestRequest.current) return;
        setState((previous) => (previous.path === path && previous.data !== undefined ? { path, data: previous.data, error } : { path, error }));
      },
    );
    return () => abort.abort();
  }, [path, key, reloads]);
  const isCurrent = state.path === path;
  return {
    ...(isCurrent && state.data !== undefined ? { data: state.data } : {}),
    ...(isCurrent && state.error !== undefined ? { error: state.error } : {}),
    isLoading: path !== undefined && !isCurrent,
    reload: () => setReloads((count) => count + 1),
  };
}
