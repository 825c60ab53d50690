// A trace as bars on a time axis: calls, time in the queue, cold starts, attempts, and log lines.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { navigate } from '../route/router';
import { pathTo } from '../route/path';
import { outcomeOf } from '../store/invocations';
import { duration } from '../text/format';
import { type Range, panRange, position, ticks, zoomRange } from '../trace/time_axis';
import { type Row, type Segment, type Span, timeRange, visibleRows, segments } from '../trace/span_tree';
import { LanguageBadge, OutcomeBadge } from './badge';
import { languageOf } from './invocation_row';
import { VirtualRows, scrollToRow } from './virtual_list';
import { UntrustedLine } from './untrusted_text';

/** The same height as in styles/waterfall.css. */
const ROW_HEIGHT_PX = 28;
/** Further rows are scrolled to. */
const MAX_VISIBLE_ROWS = 16;
const TICK_COUNT = 6;
/** Log lines that are marked in a bar. */
const MAX_LOG_MARKS = 200;

interface Props {
  roots: Span[];
  selected: string | undefined;
  now: number;
}

export function Waterfall({ roots, selected, now }: Props) {
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set());
  const fullRange = timeRange(roots);
  const [zoomedRange, setZoomedRange] = useState<Range | undefined>();
  const shown = zoomedRange ? zoomRange(zoomedRange, fullRange, 1) : fullRange;
  const rows = useMemo(() => visibleRows(roots, collapsed), [roots, collapsed]);
  const scroller = useRef<HTMLDivElement>(null);
  const selectedIndex = rows.findIndex((row) => row.span.invocation.id === selected);
  useEffect(() => {
    if (selectedIndex >= 0 && scroller.current) scrollToRow(scroller.current, selectedIndex, ROW_HEIGHT_PX);
  }, [selected, selectedIndex >= 0]);
  const toggle = (id: string, isCollapsed: boolean): void => {
    const next = new Set(collapsed);
    if (isCollapsed) next.add(id);
    else next.delete(id);
    setCollapsed(next);
  };
  const zoom = (factor: number, at = 0.5): void => setZoomedRange(factor === 0 ? undefined : zoomRange(shown, fullRange, factor, at));
  const pan = (fraction: number): void => setZoomedRange(panRange(shown, fullRange, fraction));
  const onKeyDown = useKeyboard({ rows, toggle, zoom, pan, scroller });
  const parents = rows.filter((row) => row.span.children.length > 0);
  return (
    <section class="panel waterfall" aria-label="Waterfall" onKeyDown={onKeyDown}>
      <header class="panel-head">
        <h2>Waterfall</h2>
        <span class="faint">{rows.length === 1 ? '1 span' : `${rows[0] ? roots.reduce((sum, root) => sum + 1 + descendantCount(root), 0) : 0} spans`}, {duration(fullRange.end - fullRange.start)}</span>
        <Legend />
        <span class="tools">
          {parents.length > 1 && <button type="button" class="quiet" onClick={() => setCollapsed(collapsed.size > 0 ? new Set() : new Set(parents.filter((row) => row.depth > 0).map((row) => row.span.invocation.id)))}>{collapsed.size > 0 ? 'Expand all' : 'Collapse all'}</button>}
          <button type="button" class="icon" aria-label="Earlier" onClick={() => pan(-0.3)} disabled={!zoomedRange}>‹</button>
          <button type="button" class="icon" aria-label="Later" onClick={() => pan(0.3)} disabled={!zoomedRange}>›</button>
          <button type="button" class="icon" aria-label="Zoom out" onClick={() => zoom(2)} disabled={!zoomedRange}>−</button>
          <button type="button" class="icon" aria-label="Zoom in" onClick={() => zoom(0.5)}>+</button>
          <button type="button" class="quiet" onClick={() => zoom(0)} disabled={!zoomedRange}>All</button>
        </span>
      </header>
      <Axis shown={shown} origin={fullRange.start} />
      <div class="spans" role="table" aria-label="Spans" aria-rowcount={rows.length} ref={scroller} style={{ maxHeight: `${MAX_VISIBLE_ROWS * ROW_HEIGHT_PX}px` }} onWheel={(event) => onWheel(event, zoom)}>
        <VirtualRows
          items={rows}
          height={ROW_HEIGHT_PX}
          scroller={scroller}
          render={(row, index) => <SpanRow key={row.span.invocation.id} row={row} index={index} shown={shown} now={now} isSelected={row.span.invocation.id === selected} onToggle={toggle} onFit={() => setZoomedRange(zoomRange({ start: row.span.start, end: row.span.end }, fullRange, 1.2))} />}
        />
      </div>
    </section>
  );
}

function descendantCount(span: Span): number {
  return span.children.reduce((sum, child) => sum + 1 + descendantCount(child), 0);
}

/** Zooms with Ctrl or ⌘; without them, the wheel scrolls. */
function onWheel(event: WheelEvent, zoom: (factor: number, at: number) => void): void {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const line = (event.currentTarget as HTMLElement).querySelector('.span-line')?.getBoundingClientRect();
  const at = line ? Math.max(0, Math.min(1, (event.clientX - line.left) / line.width)) : 0.5;
  zoom(event.deltaY > 0 ? 1.25 : 0.8, at);
}

interface KeyboardOptions {
  rows: Row[];
  toggle: (id: string, isCollapsed: boolean) => void;
  zoom: (factor: number) => void;
  pan: (fraction: number) => void;
  scroller: { current: HTMLDivElement | null };
}

/** Returns the keyboard handler: up and down move between spans, left collapses, right expands. */
function useKeyboard({ rows, toggle, zoom, pan, scroller }: KeyboardOptions) {
  const focusSpan = (id: string): void => {
    requestAnimationFrame(() => requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-span="${CSS.escape(id)}"]`)?.focus({ preventScroll: true })));
  };
  return (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const id = event.target instanceof HTMLElement ? event.target.dataset['span'] : undefined;
    const from = rows.findIndex((row) => row.span.invocation.id === id);
    const row = rows[from];
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (step !== undefined && row) {
      const to = Math.max(0, Math.min(rows.length - 1, from + step));
      if (scroller.current) scrollToRow(scroller.current, to, ROW_HEIGHT_PX);
      focusSpan(rows[to]?.span.invocation.id ?? '');
    } else if (event.key === 'ArrowLeft' && row && row.descendants > 0) toggle(row.span.invocation.id, true);
    else if (event.key === 'ArrowRight' && row?.isCollapsed) toggle(row.span.invocation.id, false);
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
      <i class="seg seg-wait" /> waiting <i class="seg seg-init" /> cold start <i class="seg seg-run" /> running <i class="log-mark" /> log line
    </span>
  );
}

function Axis({ shown, origin }: { shown: Range; origin: number }) {
  return (
    <div class="axis" aria-hidden="true">
      <div class="axis-line">
        {ticks(shown, origin, TICK_COUNT).map((tick) => (
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
  onToggle: (id: string, isCollapsed: boolean) => void;
  onFit: () => void;
}

function SpanRow({ row, index, shown, now, isSelected, onToggle, onFit }: SpanRowProps) {
  const { span, depth, descendants, isCollapsed } = row;
  const { invocation } = span;
  const outcome = outcomeOf(invocation);
  const path = pathTo(['invocations', invocation.id]);
  const length = span.end - span.start;
  return (
    <div class={`span-row is-${outcome}`} role="row" aria-rowindex={index + 1} aria-current={isSelected ? 'true' : undefined}>
      <span role="cell" class="span-name" style={{ paddingLeft: `${4 + Math.min(depth, 12) * 14}px` }}>
        {descendants > 0 ? (
          <button type="button" class="fold" aria-expanded={!isCollapsed} onClick={() => onToggle(invocation.id, !isCollapsed)}>
            <span class="visually-hidden">spans called by {invocation.worker}</span>
          </button>
        ) : <span class="no-fold" />}
        <LanguageBadge language={languageOf(invocation.worker)} />
        <a href={path} data-span={invocation.id} aria-label={`${invocation.worker}, ${outcome}, ${duration(length)}, level ${depth + 1}`}><UntrustedLine text={invocation.worker} maxChars={64} /></a>
        {isCollapsed && <span class="faint">+{descendants}</span>}
        {outcome !== 'ok' && <OutcomeBadge outcome={outcome} />}
      </span>
      <span role="cell" class="span-line" onClick={() => navigate(path)} onDblClick={onFit} title="double-click: zoom to this span">
        {segments(invocation, now).map((segment) => <Bar key={`${segment.attempt} ${segment.kind}`} segment={segment} shown={shown} />)}
        {span.logs.slice(0, MAX_LOG_MARKS).map((log) => (
          <i key={log.id} class={`log-mark level-${log.level ?? 'info'}`} style={{ left: `${position(Date.parse(log.at), shown)}%` }} title={log.line.slice(0, 200)} />
        ))}
        <DurationLabel end={position(span.end, shown)} text={duration(length)} />
      </span>
    </div>
  );
}

/** The duration, to the right of the bar, or at its end if there is no space to the right. */
function DurationLabel({ end, text }: { end: number; text: string }) {
  const style = end > 88 ? { right: `${Math.max(0, 100 - end)}%` } : { left: `${Math.max(0, end)}%` };
  return <span class="span-duration" style={style}>{text}</span>;
}

const PHASE_LABELS = { wait: 'waiting', init: 'cold start', run: 'running' };

function Bar({ segment, shown }: { segment: Segment; shown: Range }) {
  const left = Math.max(-1, position(segment.start, shown));
  const right = Math.min(101, position(segment.end, shown));
  if (right <= left && (right < 0 || left > 100)) return null;
  const title = `${segment.kind === 'wait' && segment.attempt === 1 ? 'in the async queue' : PHASE_LABELS[segment.kind]}, attempt ${segment.attempt}: ${duration(segment.end - segment.start)}`;
  return <i class={`seg seg-${segment.kind} is-${segment.outcome ?? 'running'}`} title={title} style={{ left: `${left}%`, width: `max(2px, ${right - left}%)` }} />;
}
