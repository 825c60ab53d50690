// The graph as a picture that can be moved and zoomed, by pointer and by keys. Nodes are links; edges are links in the list.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';
import { useNarrow } from '../parts/rows';
import { pathTo } from '../route/path';
import { go } from '../route/router';
import { type Rate, edgeKey } from '../state/rates';
import { duration, rate, share } from '../text/format';
import { type Measured, edgePath, notes } from './figures';
import { type Placed, neighbour, placed } from './layout';
import type { Graph, GraphEdge } from './model';
import { NodeBox } from './node_box';

/** Edges up to which all have their figures beside them; of more, those of the node or edge that is looked at. */
const LABELLED = 24;
/** The scale at which names can still be read, and pixels of the frame. */
const SMALLEST = 0.6;
const TALLEST = 2_400;

interface Eye {
  x: number;
  y: number;
  scale: number;
}

export function Drawing({ graph, measured }: { graph: Graph; measured: Measured }) {
  const direction = useNarrow() ? 'TB' : 'LR';
  const hasLabels = graph.edges.length <= LABELLED && direction === 'LR';
  const layout = useMemo(() => placed(graph, direction, hasLabels), [graph, direction, hasLabels]);
  const frame = useRef<HTMLDivElement>(null);
  const [eye, move, tall] = useEye(frame, layout);
  const [looked, look] = useState<string | undefined>();
  const transform = `translate(${eye.x} ${eye.y}) scale(${eye.scale})`;
  const declared = new Map(graph.edges.map((edge) => [edgeKey(edge.from, edge.to), edge]));
  return (
    <div class="graph-frame" ref={frame} style={{ height: `${tall}px` }} onKeyDown={(event) => keys(event, layout, move, frame)}>
      <div class="tools graph-tools">
        <button type="button" class="icon" aria-label="Zoom out" onClick={() => move.zoom(0.8)}>−</button>
        <button type="button" class="icon" aria-label="Zoom in" onClick={() => move.zoom(1.25)}>+</button>
        <button type="button" class="quiet" onClick={move.fit}>All</button>
      </div>
      <svg class={`graph${looked === undefined ? '' : ' has-look'}`} role="group" aria-label="Call graph; arrow keys go from function to function" onPointerDown={move.grab}>
        <Tips />
        <g transform={transform}>
          {layout.edges.map(({ from, to, path, label }) => {
            const edge = declared.get(edgeKey(from, to));
            const key = edgeKey(from, to);
            const isLooked = looked === key || looked === from || looked === to;
            return edge && <EdgeLine key={key} edge={edge} of={measured.get(key)} path={path} label={label} isLooked={isLooked} hasLabel={hasLabels || isLooked} onLook={look} />;
          })}
          {graph.nodes.map((node) => <NodeBox key={node.id} node={node} at={layout.nodes.get(node.id) ?? { x: 0, y: 0 }} of={measured.get(node.id)} onLook={look} />)}
        </g>
      </svg>
      <p class="graph-legend faint" aria-hidden="true">
        <i class="line-sign" /> calls <i class="line-sign is-cycle" /> in a circle <i class="line-sign is-denied" /> denied, or not in the code
      </p>
    </div>
  );
}

function Tips() {
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
  of: Rate | undefined;
  path: string;
  label: { x: number; y: number };
  isLooked: boolean;
  hasLabel: boolean;
  onLook: (key: string | undefined) => void;
}

function EdgeLine({ edge, of, path, label, isLooked, hasLabel, onLook }: EdgeProps) {
  const key = edgeKey(edge.from, edge.to);
  const kind = !edge.isDeclared || (of?.denied ?? 0) > 0 ? 'denied' : edge.isCycle ? 'cycle' : 'plain';
  const isAlive = (of?.count ?? 0) > 0;
  const remarks = isLooked ? notes(edge, of).join(', ') : '';
  return (
    <g aria-hidden="true" onClick={() => go(edgePath(edge))} data-edge={key} class={`edge is-${kind}${isAlive ? ' is-alive' : ''}${isLooked ? ' is-looked' : ''}${(of?.errors ?? 0) > 0 ? ' has-errors' : ''}`} onPointerEnter={() => onLook(key)} onPointerLeave={() => onLook(undefined)}>
      <path class="edge-room" d={path} />
      <path class="edge-line" d={path} marker-end={`url(#tip-${kind})`} />
      {hasLabel && of && of.count > 0 && (
        <g class="edge-label" transform={`translate(${label.x} ${label.y})`}>
          <rect x="-52" y="-15" width="104" height="30" rx="4" />
          <text y="-3">{rate(of.perSecond)}{of.errors > 0 && <tspan class="bad"> {share(of.errors / of.count)} err</tspan>}</text>
          <text y="10" class="dim">{duration(of.p50 ?? 0)} / {duration(of.p99 ?? 0)}</text>
          {remarks !== '' && <text y="27" class="remark">{remarks}</text>}
        </g>
      )}
    </g>
  );
}

interface Move {
  zoom: (factor: number, at?: { x: number; y: number }) => void;
  fit: () => void;
  grab: (event: PointerEvent) => void;
  center: (point: { x: number; y: number }) => void;
}

/** What part of the picture is seen. Until somebody moves it, as much as can be read; its frame is as high as that, and the page scrolls. */
function useEye(frame: RefObject<HTMLDivElement | null>, layout: Placed): [Eye, Move, number] {
  const [tall, setTall] = useState(0);
  const [eye, setEye] = useState<Eye>({ x: 0, y: 0, scale: 1 });
  const isMoved = useRef(false);
  const latest = useRef(eye);
  latest.current = eye;
  const set = (next: Eye): void => {
    latest.current = next;
    setEye(next);
  };
  const fit = (): void => {
    const box = frame.current?.getBoundingClientRect();
    if (!box || layout.width === 0) return;
    const scale = Math.max(SMALLEST, Math.min(1, box.width / layout.width));
    const [wide, tall] = [layout.width * scale, layout.height * scale];
    setTall(Math.min(TALLEST, Math.ceil(tall)));
    set({ scale, x: Math.max(0, (box.width - wide) / 2), y: Math.max(0, (box.height - tall) / 2) });
    isMoved.current = false;
  };
  const zoom: Move['zoom'] = (factor, at) => {
    const box = frame.current?.getBoundingClientRect();
    if (!box) return;
    const { x, y, scale } = latest.current;
    const next = Math.max(0.15, Math.min(3, scale * factor));
    const point = at ?? { x: box.width / 2, y: box.height / 2 };
    const by = next / scale;
    set({ scale: next, x: point.x - (point.x - x) * by, y: point.y - (point.y - y) * by });
    isMoved.current = true;
  };
  const grab = (event: PointerEvent): void => {
    isMoved.current = dragged(event, latest.current, set) || isMoved.current;
  };
  const center: Move['center'] = (point) => {
    const box = frame.current?.getBoundingClientRect();
    if (!box) return;
    const { x, y, scale } = latest.current;
    const [left, top] = [point.x * scale + x, point.y * scale + y];
    if (left > 100 && left < box.width - 100 && top > 30 && top < box.height - 30) return;
    set({ scale, x: box.width / 2 - point.x * scale, y: box.height / 2 - point.y * scale });
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
  return [eye, { zoom, fit, grab, center }, tall];
}

/** Follows the pointer until it is let go; a click that moved nothing stays a click. */
function dragged(event: PointerEvent, from: Eye, set: (eye: Eye) => void): boolean {
  if (event.button !== 0) return false;
  let isMoved = false;
  const moved = (next: PointerEvent): void => {
    const [x, y] = [next.clientX - event.clientX, next.clientY - event.clientY];
    isMoved ||= Math.abs(x) + Math.abs(y) > 4;
    if (isMoved) set({ ...from, x: from.x + x, y: from.y + y });
  };
  const click = (next: MouseEvent): void => {
    if (isMoved) next.preventDefault();
  };
  const done = (): void => {
    window.removeEventListener('pointermove', moved);
    window.removeEventListener('pointerup', done);
    window.removeEventListener('pointercancel', done);
    setTimeout(() => window.removeEventListener('click', click, true));
  };
  window.addEventListener('pointermove', moved);
  window.addEventListener('pointerup', done);
  window.addEventListener('pointercancel', done);
  window.addEventListener('click', click, true);
  return true;
}

function keys(event: KeyboardEvent, layout: Placed, move: Move, frame: RefObject<HTMLDivElement | null>): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const id = event.target instanceof Element ? event.target.getAttribute('data-node') : null;
  if (event.key.startsWith('Arrow') && id !== null) {
    const next = neighbour(layout.nodes, id, event.key);
    const point = next === undefined ? undefined : layout.nodes.get(next);
    if (next === undefined || !point) return;
    move.center(point);
    frame.current?.querySelector<SVGAElement>(`[data-node="${CSS.escape(next)}"]`)?.focus({ preventScroll: true });
  } else if (event.key === 'r' && id !== null) go(pathTo(['workers', id, 'run']));
  else if (event.key === '+' || event.key === '=') move.zoom(1.25);
  else if (event.key === '-') move.zoom(0.8);
  else if (event.key === '0') move.fit();
  else return;
  event.preventDefault();
}
