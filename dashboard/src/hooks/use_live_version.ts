// Notifies a component that data it shows has changed, at most a few times a second.

import { useEffect, useState } from 'preact/hooks';
import type { DevEvent } from '../api/types';
import { invocations, isLoaded, subscribe } from '../store/store';

const MIN_UPDATE_INTERVAL_MS = 250;

/** Returns a number that changes after matching events and after the page has reloaded everything. */
export function useLiveVersion(matches: (event: DevEvent) => boolean, key: string): number {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unsubscribe = subscribe((event) => {
      if (timer !== undefined || !matches(event)) return;
      timer = setTimeout(() => {
        timer = undefined;
        setVersion((count) => count + 1);
      }, MIN_UPDATE_INTERVAL_MS);
    });
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  }, [key]);
  return version + (isLoaded.value ? 0.5 : 0);
}

/** Returns the request id of the invocation that the event belongs to. */
export function requestIdOf(event: DevEvent): string | undefined {
  if ('request_id' in event && typeof event.request_id === 'string') return event.request_id;
  return event.kind === 'queue' ? event.event_id : undefined;
}

/** Returns the trace of the invocation that the event belongs to, if that invocation is known. */
export function traceIdOf(event: DevEvent): string | undefined {
  if (event.kind === 'invocation_started') return event.trace;
  const id = requestIdOf(event);
  return id === undefined ? undefined : invocations.get(id)?.trace;
}
