// A node of the drawing: the function's name, its language by colour, shape and letters, and its call statistics.

import { pathTo } from '../route/path';
import type { CallStats } from '../store/call_metrics';
import { duration, rate, percent } from '../text/format';
import { makeVisible } from '../text/visible';
import { NODE_SIZE, type Point } from './layout';
import { resourcePath } from './graph_stats';
import { type GraphNode, isFunction } from './model';

/** Characters of a name that fit into a node. */
const MAX_NAME_CHARS = 19;
/** Characters of the line below the name. */
const MAX_FIGURES_CHARS = 27;
const LETTERS = { rust: 'rs', python: 'py', javascript: 'js' } as const;

interface Props {
  node: GraphNode;
  center: Point;
  stats: CallStats | undefined;
  isSelected: boolean;
  onHighlight: (key: string | undefined) => void;
}

export function NodeBox({ node, center, stats, isSelected, onHighlight }: Props) {
  const { width, height } = NODE_SIZE;
  const kind = node.kind === 'worker' ? (node.language ?? 'rust') : node.kind;
  const label = makeVisible(node.label);
  const name = label.length > MAX_NAME_CHARS ? `${label.slice(0, MAX_NAME_CHARS - 1)}…` : label;
  const figures = stats && stats.count > 0 ? `${rate(stats.perSecond)} · p50 ${duration(stats.p50 ?? 0)}` : (node.note ?? '');
  const content = (
    <g transform={`translate(${center.x - width / 2} ${center.y - height / 2})`}>
      <path class="node-shape" d={shape(kind, width, height)} />
      <text class="node-name" x="14" y="20">{name}{name !== label && <title>{label}</title>}</text>
      <text class="node-letters" x={width - 14} y="19">{letters(node)}</text>
      <text class="node-figures" x="14" y="36">{figures.length > MAX_FIGURES_CHARS ? `${figures.slice(0, MAX_FIGURES_CHARS - 1)}…` : figures}{stats && stats.errors > 0 && <tspan class="bad"> {percent(stats.errors / stats.count)} err</tspan>}</text>
    </g>
  );
  return (
    <a
      class={`node node-${kind}${isSelected ? ' is-selected' : ''}${(stats?.errors ?? 0) > 0 ? ' has-errors' : ''}`}
      href={isFunction(node) ? pathTo(['invocations'], { worker: node.id }) : resourcePath(node.id)}
      data-node={node.id}
      aria-current={isSelected ? 'true' : undefined}
      onPointerEnter={() => onHighlight(node.id)}
      onPointerLeave={() => onHighlight(undefined)}
      onFocus={() => onHighlight(node.id)}
      onBlur={() => onHighlight(undefined)}
    >
      {content}
    </a>
  );
}

function letters(node: GraphNode): string {
  if (node.kind === 'worker' && node.language) return LETTERS[node.language];
  return { schedule: '↻', resource: '◇', endpoint: '/', worker: '' }[node.kind];
}

/** Returns the outline of a node: cut corners for Rust, round for Python, square for JavaScript; a schedule points at its worker, and a resource is a container. */
function shape(kind: string, w: number, h: number): string {
  if (kind === 'rust') return `M8 0H${w - 8}L${w} 8V${h - 8}L${w - 8} ${h}H8L0 ${h - 8}V8z`;
  if (kind === 'resource') return `M0 6A${w / 2} 6 0 0 1 ${w} 6V${h - 6}A${w / 2} 6 0 0 1 0 ${h - 6}z`;
  if (kind === 'schedule') return `M0 0H${w - 12}L${w} ${h / 2}L${w - 12} ${h}H0z`;
  const r = kind === 'python' ? 16 : kind === 'endpoint' ? 6 : 1;
  return `M${r} 0H${w - r}A${r} ${r} 0 0 1 ${w} ${r}V${h - r}A${r} ${r} 0 0 1 ${w - r} ${h}H${r}A${r} ${r} 0 0 1 0 ${h - r}V${r}A${r} ${r} 0 0 1 ${r} 0z`;
}
