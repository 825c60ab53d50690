// The drawing of the graph, which can be panned and zoomed with pointer and keyboard. Nodes are links; edges are links in the list.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';
import { useIsNarrow } from '../hooks/use_is_narrow';
import { pathTo } from '../route/path';
import { navigate } from '../route/router';
import { type CallStats, edgeKey } from '../store/call_metrics';
import { duration, rate, percent } from '../text/format';
import { type StatsByKey, edgePath, edgeRemarks } from './graph_stats';
import { type GraphLayout, nextNodeInDirection, layoutGraph } from './layout';
import { type Graph, type GraphEdge, isFunction } from './model';
import { NodeBox } from './node_box';

/** With more edges than this, only the edges of the highlighted node or edge have labels. */
const MAX_EDGES_WITH_LABELS = 24;
/** The smallest scale at which names are legible. */
const MIN_SCALE = 0.6;
const MAX_HEIGHT_PX = 2_400;

interface Viewport {
  x: number;
  y: number;
  scale: number;
}

export function Drawing({ graph, statsByKey, selected }: { graph: Graph; statsByKey: StatsByKey; selected: string | undefined }) {
  const direction = useIsNarrow() ? 'TB' : 'LR';
  const hasLabels = graph.edges.length <= MAX_EDGES_WITH_LABELS && direction === 'LR';
  const layout = useMemo(() => layoutGraph(graph, direction, hasLabels), [graph, direction, hasLabels]);
  const frame = useRef<HTMLDivElement>(null);
  const [viewport, controls, height] = useViewport(frame, layout);
  const [highlighted, setHighlighted] = useState<string | undefined>();
  const transform = `translate(${viewport.x} ${viewport.y}) scale(${viewport.scale})`;
  const declared = new Map(graph.edges.map((edge) => [edgeKey(edge.from, edge.to), edge]));
  return (
    <div class="graph-frame" ref={frame} style={{ height: `${height}px` }} onKeyDown={(event) => onKeyDown(event, graph, layout, controls, frame)}>
      <div class="tools graph-tools">
        <button type="button" class="icon" aria-label="Zoom out" onClick={() => controls.zoom(0.8)}>−</button>
        <button type="button" class="icon" aria-label="Zoom in" onClick={() => controls.zoom(1.25)}>+</button>
        <button type="button" class="quiet" onClick={controls.fit}>All</button>
      </div>
      <svg class={`graph${highlighted === undefined ? '' : ' has-highlight'}`} role="group" aria-label="Call graph; arrow keys go from node to node" onPointerDown={controls.grab}>
        <ArrowHeads />
        <g transform={transform}>
          {layout.edges.map(({ from, to, path, label }) => {
            const edge = declared.get(edgeKey(from, to));
            const key = edgeKey(from, to);
            const isHighlighted = highlighted === key || highlighted === from || highlighted === to;
            return edge && <EdgeLine key={key} edge={edge} stats={statsByKey.get(key)} path={path} label={label} isHighlighted={isHighlighted} hasLabel={hasLabels || isHighlighted} onHighlight={setHighlighted} />;
          })}
          {graph.nodes.map((node) => <NodeBox key={node.id} node={node} center={layout.nodes.get(node.id) ?? { x: 0, y: 0 }} stats={statsByKey.get(node.id)} isSelected={node.id === selected} onHighlight={setHighlighted} />)}
        </g>
      </svg>
      <p class="graph-legend faint" aria-hidden="true">
        <i class="line-sign" /> calls, triggers <i class="line-sign is-use" /> uses <i class="line-sign is-cycle" /> cycle <i class="line-sign is-denied" /> denied or not in the code
      </p>
    </div>
  );
}

function ArrowHeads() {
  return (
    <defs>
      {['plain', 'cycle', 'denied'].map((name) => (
        <marker key={name} id={`tip-${name}`} viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">
          <path class={`tip tip-${name}`} d="M0.5 0.8L9.5 5L0.5 9.2L2.5 5z" />
        </marker>
      ))}
    </defs>
  );
}

interface EdgeProps {
  edge: GraphEdge;
  stats: CallStats | undefined;
  path: string;
  label: { x: number; y: number };
  isHighlighted: boolean;
  hasLabel: boolean;
  onHighlight: (key: string | undefined) => void;
}

function EdgeLine({ edge, stats, path, label, isHighlighted, hasLabel, onHighlight }: EdgeProps) {
  const key = edgeKey(edge.from, edge.to);
  const kind = !edge.isDeclared || (stats?.denied ?? 0) > 0 ? 'denied' : edge.isCycle ? 'cycle' : 'plain';
  const isAlive = (stats?.count ?? 0) > 0;
  const remarks = isHighlighted ? edgeRemarks(edge, stats).join(', ') : '';
  return (
    <g aria-hidden="true" onClick={() => navigate(edgePath(edge))} data-edge={key} class={`edge is-${kind}${edge.access ? ' is-use' : ''}${isAlive ? ' is-alive' : ''}${isHighlighted ? ' is-highlighted' : ''}${(stats?.errors ?? 0) > 0 ? ' has-errors' : ''}`} onPointerEnter={() => onHighlight(key)} onPointerLeave={() => onHighlight(undefined)}>
      <path class="edge-hit-area" d={path} />
      <path class="edge-line" d={path} marker-end={`url(#tip-${kind})`} />
      {isHighlighted && edge.access && <text class="edge-access" x={label.x} y={label.y - 4}>{edge.access.join(', ')}</text>}
      {hasLabel && stats && stats.count > 0 && (
        <g class="edge-label" transform={`translate(${label.x} ${label.y})`}>
          <rect x="-52" y="-15" width="104" height="30" rx="4" />
          <text y="-3">{rate(stats.perSecond)}{stats.errors > 0 && <tspan class="bad"> {percent(stats.errors / stats.count)} err</tspan>}</text>
          <text y="10" class="dim">{duration(stats.p50 ?? 0)} / {duration(stats.p99 ?? 0)}</text>
          {remarks !== '' && <text y="27" class="remark">{remarks}</text>}
        </g>
      )}
    </g>
  );
}

interface ViewportControls {
  zoom: (factor: number, at?: { x: number; y: number }) => void;
  fit: () => void;
  grab: (event: PointerEvent) => void;
  center: (point: { x: number; y: number }) => void;
}

/** The visible part of the drawing. Until the user moves it, the whole drawing is shown at a legible scale; its frame grows to fit, and the page scrolls. */
function useViewport(frame: RefObject<HTMLDivElement | null>, layout: GraphLayout): [Viewport, ViewportControls, number] {
  const [height, setHeight] = useState(0);
  const [viewport, setViewportState] = useState<Viewport>({ x: 0, y: 0, scale: 1 });
  const isMoved = useRef(false);
  const latest = useRef(viewport);
  latest.current = viewport;
  const setViewport = (next: Viewport): void => {
    latest.current = next;
    setViewportState(next);
  };
  const fit = (): void => {
    const box = frame.current?.getBoundingClientRect();
    if (!box || layout.width === 0) return;
    const scale = Math.max(MIN_SCALE, Math.min(1, box.width / layout.width));
    const drawnWidth = layout.width * scale;
    const drawnHeight = layout.height * scale;
    setHeight(Math.min(MAX_HEIGHT_PX, Math.ceil(drawnHeight)));
    setViewport({ scale, x: Math.max(0, (box.width - drawnWidth) / 2), y: Math.max(0, (box.height - drawnHeight) / 2) });
    isMoved.current = false;
  };
  const zoom: ViewportControls['zoom'] = (factor, at) => {
    const box = frame.current?.getBoundingClientRect();
    if (!box) return;
    const { x, y, scale } = latest.current;
    const next = Math.max(0.15, Math.min(3, scale * factor));
    const point = at ?? { x: box.width / 2, y: box.height / 2 };
    const growth = next / scale;
    setViewport({ scale: next, x: point.x - (point.x - x) * growth, y: point.y - (point.y - y) * growth });
    isMoved.current = true;
  };
  const grab = (event: PointerEvent): void => {
    isMoved.current = startDrag(event, latest.current, setViewport) || isMoved.current;
  };
  const center: ViewportControls['center'] = (point) => {
    const box = frame.current?.getBoundingClientRect();
    if (!box) return;
    const { x, y, scale } = latest.current;
    const left = point.x * scale + x;
    const top = point.y * scale + y;
    if (left > 100 && left < box.width - 100 && top > 30 && top < box.height - 30) return;
    setViewport({ scale, x: box.width / 2 - point.x * scale, y: box.height / 2 - point.y * scale });
    isMoved.current = true;
  };
  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    if (!isMoved.current) fit();
    const observer = new ResizeObserver(() => !isMoved.current && fit());
    observer.observe(element);
    const wheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const box = element.getBoundingClientRect();
      zoom(event.deltaY > 0 ? 0.9 : 1.1, { x: event.clientX - box.left, y: event.clientY - box.top });
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => {
      observer.disconnect();
      element.removeEventListener('wheel', wheel);
    };
  }, [layout]);
  return [viewport, { zoom, fit, grab, center }, height];
}

/** Pans with the pointer until it is released; a click without movement stays a click. */
function startDrag(event: PointerEvent, from: Viewport, setViewport: (viewport: Viewport) => void): boolean {
  if (event.button !== 0) return false;
  let isMoved = false;
  const onMove = (next: PointerEvent): void => {
    const x = next.clientX - event.clientX;
    const y = next.clientY - event.clientY;
    isMoved ||= Math.abs(x) + Math.abs(y) > 4;
    if (isMoved) setViewport({ ...from, x: from.x + x, y: from.y + y });
  };
  const onClick = (next: MouseEvent): void => {
    if (isMoved) next.preventDefault();
  };
  const onEnd = (): void => {
    window.removeEventListener('pointermove', onMove);
    window.removeEventListener('pointerup', onEnd);
    window.removeEventListener('pointercancel', onEnd);
    setTimeout(() => window.removeEventListener('click', onClick, true));
  };
  window.addEventListener('pointermove', onMove);
  window.addEventListener('pointerup', onEnd);
  window.addEventListener('pointercancel', onEnd);
  window.addEventListener('click', onClick, true);
  return true;
}

function onKeyDown(event: KeyboardEvent, graph: Graph, layout: GraphLayout, controls: ViewportControls, frame: RefObject<HTMLDivElement | null>): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const id = event.target instanceof Element ? event.target.getAttribute('data-node') : null;
  if (event.key.startsWith('Arrow') && id !== null) {
    const next = nextNodeInDirection(layout.nodes, id, event.key);
    const point = next === undefined ? undefined : layout.nodes.get(next);
    if (next === undefined || !point) return;
    controls.center(point);
    frame.current?.querySelector<SVGAElement>(`[data-node="${CSS.escape(next)}"]`)?.focus({ preventScroll: true });
  } else if (event.key === 'r' && id !== null && graph.nodes.some((node) => node.id === id && isFunction(node))) navigate(pathTo(['workers', id, 'run']));
  else if (event.key === '+' || event.key === '=') controls.zoom(1.25);
  else if (event.key === '-') controls.zoom(0.8);
  else if (event.key === '0') controls.fit();
  else return;
  event.preventDefault();
}
