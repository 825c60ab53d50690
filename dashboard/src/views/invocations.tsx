// Every call as it happens, the newest first. Who has scrolled down keeps what is in sight; what is new waits above.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';
import { get } from '../api/client';
import type { Invocation } from '../api/types';
import { Command } from '../parts/copy';
import { FilterBar } from '../parts/filter_bar';
import { InvocationRow } from '../parts/invocation_row';
import { Empty, Loading } from '../parts/notice';
import { Rows, reveal, useNarrow } from '../parts/rows';
import { isTyping } from '../parts/shortcuts';
import { pathTo } from '../route/path';
import { address, go, parameters } from '../route/router';
import type { Call } from '../state/calls';
import { type Filter, filterOf, matcher } from '../state/filter';
import { MOST, app, calls, changes, isLoaded, newest } from '../state/store';
import { functionUrl } from '../text/command';
import { count, plural } from '../text/format';

/** Heights of a row, as the styles have them. */
const WIDE = 32;
const NARROW = 56;

/** What whoever comes back to the list finds again. */
let left: { address: string; top: number; selected: string | undefined; frozen: Call[] | undefined } | undefined;

export function Invocations() {
  const filter = filterOf(parameters.value);
  const { found, isComplete } = useFound(filter.q);
  const version = changes.value;
  const all = useMemo(() => newest(matcher(filter, found), MOST), [version, address.value, found]);
  const scroller = useRef<HTMLDivElement>(null);
  const height = useNarrow() ? NARROW : WIDE;
  const { shown, fresh, toTop } = useFrozen(all, scroller, height);
  const [selected, select] = useSelection(shown, scroller, height);
  return (
    <div class="fill">
      <div class="fill-head">
        <h1 tabIndex={-1}>Invocations</h1>
        <FilterBar filter={filter} hasPayloads={isComplete} />
        <p class="faint" data-testid="count">
          {plural(all.length, 'invocation')}{calls.list.length > all.length && ` of ${count(calls.list.length)}`}
        </p>
      </div>
      {!isLoaded.value && <Loading />}
      {isLoaded.value && all.length === 0 && <NoRows filter={filter} />}
      {fresh > 0 && <button type="button" class="fresh" onClick={toTop}>{plural(fresh, 'new invocation')} ↑</button>}
      <div class="calls" role="table" aria-label="Invocations" aria-rowcount={shown.length + 1} hidden={all.length === 0}>
        <Head />
        <div class="scroller" ref={scroller} data-testid="scroller">
          <Rows
            items={shown}
            height={height}
            scroller={scroller}
            render={(call, index) => (
              <InvocationRow key={call.id} call={call} index={index} isSelected={call.id === selected} isStop={selected === undefined ? index === 0 : call.id === selected} onSelect={select} />
            )}
          />
        </div>
      </div>
    </div>
  );
}

function Head() {
  return (
    <div class="calls-head" role="rowgroup">
      <div class="call-row call-head" role="row" aria-rowindex={1}>
        {['Outcome', 'Worker', 'Called by', 'Mode', 'Took', 'Began', 'What it came to'].map((name) => <span key={name} role="columnheader">{name}</span>)}
      </div>
    </div>
  );
}

function NoRows({ filter }: { filter: Filter }) {
  if (Object.keys(filter).length > 0) {
    return (
      <Empty title="No invocation is like that.">
        <p>Of the last {plural(calls.list.length, 'invocation')}, none passes the filter. <a href="/invocations">Show all of them</a></p>
      </Empty>
    );
  }
  return (
    <Empty title="Nothing has been called yet.">
      <p>Call the endpoint; it appears here as it happens:</p>
      <Command text={`curl ${functionUrl(app.value?.url ?? '', 'endpoint')}`} />
    </Empty>
  );
}

/** Ids that the API finds for a text; it looks into payloads, too, unless it is of an older version. */
function useFound(q: string | undefined): { found: ReadonlySet<string>; isComplete: boolean } {
  const none = useMemo(() => ({ found: new Set<string>(), isComplete: false }), []);
  const [state, setState] = useState(none);
  useEffect(() => {
    if (q === undefined) return setState(none);
    const abort = new AbortController();
    const timer = setTimeout(() => {
      get<{ invocations: Invocation[] }>(`/invocations?limit=1000&search=${encodeURIComponent(q)}`, abort.signal).then(
        ({ invocations }) => setState({ found: new Set(invocations.map((one) => one.request_id)), isComplete: true }),
        () => !abort.signal.aborted && setState(none),
      );
    }, 250);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [q, Math.floor(changes.value / 60)]);
  return state;
}

/** The rows of the moment when the reader left the top, until it is back there. */
function useFrozen(all: Call[], scroller: RefObject<HTMLDivElement | null>, height: number) {
  const came = left?.address === address.value ? left : undefined;
  const [frozen, setFrozen] = useState<Call[] | undefined>(came?.frozen);
  const latest = useRef({ all, frozen });
  latest.current = { all, frozen };
  useEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const look = (): void => {
      const isAway = element.scrollTop > height / 2;
      if (isAway !== (latest.current.frozen !== undefined)) setFrozen(isAway ? latest.current.all : undefined);
    };
    element.addEventListener('scroll', look, { passive: true });
    return () => element.removeEventListener('scroll', look);
  }, [height]);
  useLayoutEffect(() => {
    if (came) scroller.current?.scrollTo(0, came.top);
  }, []);
  // Another filter is another list.
  const first = useRef(true);
  useLayoutEffect(() => {
    if (first.current) return void (first.current = false);
    setFrozen(undefined);
    scroller.current?.scrollTo(0, 0);
  }, [address.value]);
  const top = frozen?.[0];
  const fresh = top ? Math.max(0, all.indexOf(top)) : frozen ? all.length : 0;
  return {
    shown: frozen ?? all,
    fresh,
    toTop: () => {
      setFrozen(undefined);
      scroller.current?.scrollTo(0, 0);
    },
  };
}

/** The row that keys move from, and what they do. */
function useSelection(shown: Call[], scroller: RefObject<HTMLDivElement | null>, height: number) {
  const [selected, select] = useState(left?.address === address.value ? left.selected : undefined);
  const latest = useRef({ shown, selected, top: 0 });
  latest.current = { ...latest.current, shown, selected };
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
      const { shown: rows, selected: at } = latest.current;
      const from = rows.findIndex((call) => call.id === at);
      if (event.key === 'Enter' && from >= 0 && !isOnLink(event)) return go(pathTo(['invocations', at ?? '']));
      const to = moved(event.key, from, rows.length);
      if (to === undefined) return;
      event.preventDefault();
      select(rows[to]?.id);
      if (scroller.current) reveal(scroller.current, to, height);
      // The row may only now come into the page.
      requestAnimationFrame(() => requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>('[aria-current=true] a')?.focus({ preventScroll: true })));
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, [height]);
  useEffect(() => {
    const place = address.value;
    const element = scroller.current;
    const note = (): void => void (latest.current.top = element?.scrollTop ?? 0);
    element?.addEventListener('scroll', note, { passive: true });
    return () => {
      element?.removeEventListener('scroll', note);
      const { selected: at, top, shown: rows } = latest.current;
      left = { address: place, top, selected: at, frozen: top > height / 2 ? rows : undefined };
    };
  }, []);
  return [selected, select] as const;
}

function isOnLink(event: KeyboardEvent): boolean {
  return event.target instanceof Element && event.target.closest('a, button') !== null;
}

function moved(key: string, from: number, length: number): number | undefined {
  if (length === 0) return undefined;
  const within = (at: number): number => Math.max(0, Math.min(length - 1, at));
  if (key === 'j' || key === 'ArrowDown') return within(from + 1);
  if (key === 'k' || key === 'ArrowUp') return within(from - 1);
  if (key === 'PageDown') return within(from + 15);
  if (key === 'PageUp') return within(from - 15);
  if (key === 'Home') return 0;
  if (key === 'End') return length - 1;
  return undefined;
}
