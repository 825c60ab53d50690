// The page of all invocations, newest first, updated live. While the reader has scrolled down, the visible rows stay in place
// and a button announces new ones.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';
import { get } from '../api/client';
import type { Invocation } from '../api/types';
import { Command } from '../components/copy_button';
import { FilterBar } from '../components/filter_bar';
import { InvocationRow } from '../components/invocation_row';
import { EmptyState, Loading } from '../components/notice';
import { VirtualRows, scrollToRow } from '../components/virtual_list';
import { useIsNarrow } from '../hooks/use_is_narrow';
import { isTyping } from '../components/shortcuts';
import { pathTo } from '../route/path';
import { address, navigate, parameters } from '../route/router';
import type { StoredInvocation } from '../store/invocations';
import { type Filter, parseFilter, matcher } from '../store/filter';
import { MAX_INVOCATIONS, app, invocations, isLoaded, newestInvocations, version } from '../store/store';
import { endpointCommand } from '../text/shell_command';
import { count, plural } from '../text/format';

/** The same heights as in styles/invocation_list.css. */
const ROW_HEIGHT_PX = 32;
const NARROW_ROW_HEIGHT_PX = 56;
/** Rows that PageDown and PageUp move by. */
const ROWS_PER_PAGE = 15;
/** Pause after a keystroke in the search field before the API is asked. */
const SEARCH_DELAY_MS = 250;

/** Scroll position and selection when the page was last left, restored when the reader returns. */
let savedPosition: { address: string; top: number; selected: string | undefined; frozen: StoredInvocation[] | undefined } | undefined;

export function InvocationsPage() {
  const filter = parseFilter(parameters.value);
  const { foundIds, isComplete } = useSearch(filter.q);
  const currentVersion = version.value;
  const matching = useMemo(() => newestInvocations(matcher(filter, foundIds), MAX_INVOCATIONS), [currentVersion, address.value, foundIds]);
  const scroller = useRef<HTMLDivElement>(null);
  const height = useIsNarrow() ? NARROW_ROW_HEIGHT_PX : ROW_HEIGHT_PX;
  const { shown, newCount, scrollToTop } = useFrozenRows(matching, scroller, height);
  const [selected, select] = useSelection(shown, scroller, height);
  return (
    <div class="fill">
      <div class="fill-head">
        <h1 tabIndex={-1}>Invocations</h1>
        <FilterBar filter={filter} hasPayloads={isComplete} />
        <p class="faint" data-testid="count">
          {plural(matching.length, 'invocation')}{invocations.list.length > matching.length && ` of ${count(invocations.list.length)}`}
        </p>
      </div>
      {!isLoaded.value && <Loading />}
      {isLoaded.value && matching.length === 0 && <NoRows filter={filter} />}
      {newCount > 0 && <button type="button" class="new-rows" onClick={scrollToTop}>{plural(newCount, 'new invocation')} ↑</button>}
      <div class="invocations" role="table" aria-label="Invocations" aria-rowcount={shown.length + 1} hidden={matching.length === 0}>
        <TableHead />
        <div class="scroller" ref={scroller} data-testid="scroller">
          <VirtualRows
            items={shown}
            height={height}
            scroller={scroller}
            render={(invocation, index) => (
              <InvocationRow key={invocation.id} invocation={invocation} index={index} isSelected={invocation.id === selected} isTabStop={selected === undefined ? index === 0 : invocation.id === selected} onSelect={select} />
            )}
          />
        </div>
      </div>
    </div>
  );
}

function TableHead() {
  return (
    <div class="invocations-head" role="rowgroup">
      <div class="invocation-row invocation-head" role="row" aria-rowindex={1}>
        {['Outcome', 'Worker', 'Called by', 'Mode', 'Duration', 'Started', 'Result'].map((name) => <span key={name} role="columnheader">{name}</span>)}
      </div>
    </div>
  );
}

function NoRows({ filter }: { filter: Filter }) {
  if (Object.keys(filter).length > 0) {
    return (
      <EmptyState title="No invocation matches the filter.">
        <p>None of the last {plural(invocations.list.length, 'invocation')} matches. <a href="/invocations">Show all of them</a></p>
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No invocations yet.">
      <p>Call the endpoint; the invocation appears here immediately:</p>
      <Command text={endpointCommand(app.value?.url ?? '', app.value?.endpoint.url_auth)} />
    </EmptyState>
  );
}

/** Returns the ids that the API finds for a search text. The API also searches payloads, except in older versions. */
function useSearch(q: string | undefined): { foundIds: ReadonlySet<string>; isComplete: boolean } {
  const none = useMemo(() => ({ foundIds: new Set<string>(), isComplete: false }), []);
  const [state, setState] = useState(none);
  useEffect(() => {
    if (q === undefined) return setState(none);
    const abort = new AbortController();
    const timer = setTimeout(() => {
      get<{ invocations: Invocation[] }>(`/invocations?limit=1000&search=${encodeURIComponent(q)}`, abort.signal).then(
        ({ invocations: found }) => setState({ foundIds: new Set(found.map((invocation) => invocation.request_id)), isComplete: true }),
        () => !abort.signal.aborted && setState(none),
      );
    }, SEARCH_DELAY_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [q, Math.floor(version.value / 60)]);
  return state;
}

/** Freezes the rows while the reader has scrolled away from the top. */
function useFrozenRows(matching: StoredInvocation[], scroller: RefObject<HTMLDivElement | null>, height: number) {
  const restored = savedPosition?.address === address.value ? savedPosition : undefined;
  const [frozen, setFrozen] = useState<StoredInvocation[] | undefined>(restored?.frozen);
  const latest = useRef({ matching, frozen });
  latest.current = { matching, frozen };
  useEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const onScroll = (): void => {
      const isScrolled = element.scrollTop > height / 2;
      if (isScrolled !== (latest.current.frozen !== undefined)) setFrozen(isScrolled ? latest.current.matching : undefined);
    };
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => element.removeEventListener('scroll', onScroll);
  }, [height]);
  useLayoutEffect(() => {
    if (restored) scroller.current?.scrollTo(0, restored.top);
  }, []);
  // A changed filter starts at the top.
  const isFirst = useRef(true);
  useLayoutEffect(() => {
    if (isFirst.current) return void (isFirst.current = false);
    setFrozen(undefined);
    scroller.current?.scrollTo(0, 0);
  }, [address.value]);
  const firstFrozen = frozen?.[0];
  const newCount = firstFrozen ? Math.max(0, matching.indexOf(firstFrozen)) : frozen ? matching.length : 0;
  return {
    shown: frozen ?? matching,
    newCount,
    scrollToTop: () => {
      setFrozen(undefined);
      scroller.current?.scrollTo(0, 0);
    },
  };
}

/** Returns the selected row, which the keyboard moves. */
function useSelection(shown: StoredInvocation[], scroller: RefObject<HTMLDivElement | null>, height: number) {
  const [selected, select] = useState(savedPosition?.address === address.value ? savedPosition.selected : undefined);
  const latest = useRef({ shown, selected, top: 0 });
  latest.current = { ...latest.current, shown, selected };
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
      const { shown: rows, selected: selectedId } = latest.current;
      const from = rows.findIndex((invocation) => invocation.id === selectedId);
      if (event.key === 'Enter' && from >= 0 && !isOnLink(event)) return navigate(pathTo(['invocations', selectedId ?? '']));
      const to = indexAfterKey(event.key, from, rows.length);
      if (to === undefined) return;
      event.preventDefault();
      select(rows[to]?.id);
      if (scroller.current) scrollToRow(scroller.current, to, height);
      // The row may not be rendered yet.
      requestAnimationFrame(() => requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>('[aria-current=true] a')?.focus({ preventScroll: true })));
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [height]);
  useEffect(() => {
    const currentAddress = address.value;
    const element = scroller.current;
    const storeTop = (): void => void (latest.current.top = element?.scrollTop ?? 0);
    element?.addEventListener('scroll', storeTop, { passive: true });
    return () => {
      element?.removeEventListener('scroll', storeTop);
      const { selected: selectedId, top, shown: rows } = latest.current;
      savedPosition = { address: currentAddress, top, selected: selectedId, frozen: top > height / 2 ? rows : undefined };
    };
  }, []);
  return [selected, select] as const;
}

function isOnLink(event: KeyboardEvent): boolean {
  return event.target instanceof Element && event.target.closest('a, button') !== null;
}

function indexAfterKey(key: string, from: number, length: number): number | undefined {
  if (length === 0) return undefined;
  const clamp = (index: number): number => Math.max(0, Math.min(length - 1, index));
  if (key === 'j' || key === 'ArrowDown') return clamp(from + 1);
  if (key === 'k' || key === 'ArrowUp') return clamp(from - 1);
  if (key === 'PageDown') return clamp(from + ROWS_PER_PAGE);
  if (key === 'PageUp') return clamp(from - ROWS_PER_PAGE);
  if (key === 'Home') return 0;
  if (key === 'End') return length - 1;
  return undefined;
}
