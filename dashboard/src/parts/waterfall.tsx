// A trace as bars in time: who called whom, waiting, cold starts and attempts, and what was printed when.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { go } from '../route/router';
import { pathTo } from '../route/path';
import { outcomeOf } from '../state/calls';
import { duration } from '../text/format';
import { type Range, panned, position, ticks, zoomed } from '../trace/scale';
import { type Row, type Segment, type Span, extent, rowsOf, segmentsOf } from '../trace/tree';
import { LanguageBadge, OutcomeBadge } from './badge';
import { languageOf } from './invocation_row';
import { Rows, reveal } from './rows';
import { Brief } from './said';

/** Height of a row, as the styles have it. */
const HEIGHT = 28;
/** Rows that are in sight at most; the others are scrolled to. */
const MOST = 16;
const TICKS = 6;
/** Lines that are marked in a bar at most. */
const MARKS = 200;

interface Props {
  roots: Span[];
  selected: string | undefined;
  now: number;
}

export function Waterfall({ roots, selected, now }: Props) {
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set());
  const whole = extent(roots);
  const [part, setPart] = useState<Range | undefined>();
  const shown = part ? zoomed(part, whole, 1) : whole;
  const rows = useMemo(() => rowsOf(roots, collapsed), [roots, collapsed]);
  const scroller = useRef<HTMLDivElement>(null);
  const at = rows.findIndex((row) => row.span.call.id === selected);
  useEffect(() => {
    if (at >= 0 && scroller.current) reveal(scroller.current, at, HEIGHT);
  }, [selected, at >= 0]);
  const toggle = (id: string, close: boolean): void => {
    const next = new Set(collapsed);
    if (close) next.add(id);
    else next.delete(id);
    setCollapsed(next);
  };
  const zoom = (factor: number, place = 0.5): void => setPart(factor === 0 ? undefined : zoomed(shown, whole, factor, place));
  const pan = (by: number): void => setPart(panned(shown, whole, by));
  const keys = useKeys({ rows, toggle, zoom, pan, scroller });
  const parents = rows.filter((row) => row.span.children.length > 0);
  return (
    <section class="panel waterfall" aria-label="Waterfall" onKeyDown={keys}>
      <header class="panel-head">
        <h2>Waterfall</h2>
        <span class="faint">{rows.length === 1 ? '1 span' : `${rows[0] ? roots.reduce((sum, root) => sum + 1 + below(root), 0) : 0} spans`}, {duration(whole.end - whole.start)}</span>
        <Legend />
        <span class="tools">
          {parents.length > 1 && <button type="button" class="quiet" onClick={() => setCollapsed(collapsed.size > 0 ? new Set() : new Set(parents.filter((row) => row.depth > 0).map((row) => row.span.call.id)))}>{collapsed.size > 0 ? 'Open all' : 'Close all'}</button>}
          <button type="button" class="icon" aria-label="Earlier" onClick={() => pan(-0.3)} disabled={!part}>‹</button>
          <button type="button" class="icon" aria-label="Later" onClick={() => pan(0.3)} disabled={!part}>›</button>
          <button type="button" class="icon" aria-label="Zoom out" onClick={() => zoom(2)} disabled={!part}>−</button>
          <button type="button" class="icon" aria-label="Zoom in" onClick={() => zoom(0.5)}>+</button>
          <button type="button" class="quiet" onClick={() => zoom(0)} disabled={!part}>All</button>
        </span>
      </header>
      <Axis shown={shown} origin={whole.start} />
      <div class="spans" role="table" aria-label="Spans" aria-rowcount={rows.length} ref={scroller} style={{ maxHeight: `${MOST * HEIGHT}px` }} onWheel={(event) => wheel(event, zoom)}>
        <Rows
          items={rows}
          height={HEIGHT}
          scroller={scroller}
          render={(row, index) => <SpanRow key={row.span.call.id} row={row} index={index} shown={shown} now={now} isSelected={row.span.call.id === selected} onToggle={toggle} onFit={() => setPart(zoomed({ start: row.span.start, end: row.span.end }, whole, 1.2))} />}
        />
      </div>
    </section>
  );
}

function below(span: Span): number {
  return span.children.reduce((sum, child) => sum + 1 + below(child), 0);
}

/** With Ctrl or ⌘, as the wheel alone scrolls. */
function wheel(event: WheelEvent, zoom: (factor: number, place: number) => void): void {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const line = (event.currentTarget as HTMLElement).querySelector('.span-line')?.getBoundingClientRect();
  const place = line ? Math.max(0, Math.min(1, (event.clientX - line.left) / line.width)) : 0.5;
  zoom(event.deltaY > 0 ? 1.25 : 0.8, place);
}

interface Keys {
  rows: Row[];
  toggle: (id: string, close: boolean) => void;
  zoom: (factor: number) => void;
  pan: (by: number) => void;
  scroller: { current: HTMLDivElement | null };
}

/** What the keys do on a span: up and down, left to close, right to open. */
function useKeys({ rows, toggle, zoom, pan, scroller }: Keys) {
  const focus = (id: string): void => {
    requestAnimationFrame(() => requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-span="${CSS.escape(id)}"]`)?.focus({ preventScroll: true })));
  };
  return (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const id = event.target instanceof HTMLElement ? event.target.dataset['span'] : undefined;
    const from = rows.findIndex((row) => row.span.call.id === id);
    const row = rows[from];
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (step !== undefined && row) {
      const to = Math.max(0, Math.min(rows.length - 1, from + step));
      if (scroller.current) reveal(scroller.current, to, HEIGHT);
      focus(rows[to]?.span.call.id ?? '');
    } else if (event.key === 'ArrowLeft' && row && row.below > 0) toggle(row.span.call.id, true);
    else if (event.key === 'ArrowRight' && row?.isCollapsed) toggle(row.span.call.id, false);
    else if (event.key === '+' || event.key === '=') zoom(0.5);
    else if (event.key === '-') zoom(2);
    else if (event.key === '0') zoom(0);
    else if (event.key === '[') pan(-0.3);
    else if (event.key === ']') pan(0.3);
    else return;
    event.preventDefault();
  };
}

function Legend() {
  return (
    <span class="legend" aria-hidden="true">
      <i class="seg seg-wait" /> waits <i class="seg seg-init" /> cold start <i class="seg seg-run" /> runs <i class="log-mark" /> prints
    </span>
  );
}

function Axis({ shown, origin }: { shown: Range; origin: number }) {
  return (
    <div class="axis" aria-hidden="true">
      <div class="axis-line">
        {ticks(shown, origin, TICKS).map((tick) => (
          <span key={tick} style={{ left: `${position(origin + tick, shown)}%` }}>{tick === 0 ? '0' : duration(tick)}</span>
        ))}
      </div>
    </div>
  );
}

interface SpanRowProps {
  row: Row;
  index: number;
  shown: Range;
  now: number;
  isSelected: boolean;
  onToggle: (id: string, close: boolean) => void;
  onFit: () => void;
}

function SpanRow({ row, index, shown, now, isSelected, onToggle, onFit }: SpanRowProps) {
  const { span, depth, below: inside, isCollapsed } = row;
  const { call } = span;
  const outcome = outcomeOf(call);
  const path = pathTo(['invocations', call.id]);
  const took = span.end - span.start;
  return (
    <div class={`span-row is-${outcome}`} role="row" aria-rowindex={index + 1} aria-current={isSelected ? 'true' : undefined}>
      <span role="cell" class="span-name" style={{ paddingLeft: `${4 + Math.min(depth, 12) * 14}px` }}>
        {inside > 0 ? (
          <button type="button" class="fold" aria-expanded={!isCollapsed} onClick={() => onToggle(call.id, !isCollapsed)}>
            <span class="visually-hidden">calls of {call.worker}</span>
          </button>
        ) : <span class="no-fold" />}
        <LanguageBadge language={languageOf(call.worker)} />
        <a href={path} data-span={call.id} aria-label={`${call.worker}, ${outcome}, ${duration(took)}, level ${depth + 1}`}><Brief text={call.worker} most={64} /></a>
        {isCollapsed && <span class="faint">+{inside}</span>}
        {outcome !== 'ok' && <OutcomeBadge outcome={outcome} />}
      </span>
      <span role="cell" class="span-line" onClick={() => go(path)} onDblClick={onFit} title="double click: only this span">
        {segmentsOf(call, now).map((segment) => <Bar key={`${segment.attempt} ${segment.kind}`} segment={segment} shown={shown} />)}
        {span.logs.slice(0, MARKS).map((log) => (
          <i key={log.id} class={`log-mark level-${log.level ?? 'info'}`} style={{ left: `${position(Date.parse(log.at), shown)}%` }} title={log.line.slice(0, 200)} />
        ))}
        <Took end={position(span.end, shown)} text={duration(took)} />
      </span>
    </div>
  );
}

/** Behind the bar, or at its end where behind it is no room. */
function Took({ end, text }: { end: number; text: string }) {
  const style = end > 88 ? { right: `${Math.max(0, 100 - end)}%` } : { left: `${Math.max(0, end)}%` };
  return <span class="span-took" style={style}>{text}</span>;
}

const WORDS = { wait: 'waits', init: 'cold start', run: 'runs' };

function Bar({ segment, shown }: { segment: Segment; shown: Range }) {
  const left = Math.max(-1, position(segment.start, shown));
  const right = Math.min(101, position(segment.end, shown));
  if (right <= left && (right < 0 || left > 100)) return null;
  const title = `${segment.kind === 'wait' && segment.attempt === 1 ? 'in the queue' : WORDS[segment.kind]}, attempt ${segment.attempt}: ${duration(segment.end - segment.start)}`;
  return <i class={`seg seg-${segment.kind} is-${segment.outcome ?? 'running'}`} title={title} style={{ left: `${left}%`, width: `max(2px, ${right - left}%)` }} />;
}
