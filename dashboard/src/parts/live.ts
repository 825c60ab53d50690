// Tells a view that something it shows has changed, a few times a second at most.

import { useEffect, useState } from 'preact/hooks';
import type { Happening } from '../api/types';
import { calls, isLoaded, onHappening } from '../state/store';

const PAUSE = 250;

/** Counts up behind happenings that match, and when the page has loaded everything anew. */
export function useLive(matches: (happening: Happening) => boolean, key: string): number {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onHappening((happening) => {
      if (timer !== undefined || !matches(happening)) return;
      timer = setTimeout(() => {
        timer = undefined;
        setVersion((before) => before + 1);
      }, PAUSE);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [key]);
  return version + (isLoaded.value ? 0.5 : 0);
}

/** The invocation that it is about. */
export function idOf(happening: Happening): string | undefined {
  if ('request_id' in happening && typeof happening.request_id === 'string') return happening.request_id;
  return happening.kind === 'queue' ? happening.event_id : undefined;
}

export function traceOf(happening: Happening): string | undefined {
  if (happening.kind === 'invocation_started') return happening.trace;
  const id = idOf(happening);
  return id === undefined ? undefined : calls.get(id)?.trace;
}
