// A node of the drawing: the function's name, its language by colour, shape and letters, and its call statistics.

import { pathTo } from '../route/path';
import type { CallStats } from '../store/call_metrics';
import { duration, rate, percent } from '../text/format';
import { makeVisible } from '../text/visible';
import { NODE_SIZE, type Point } from './layout';
import type { GraphNode } from './model';

/** Characters of a name that fit into a node. */
const MAX_NAME_CHARS = 19;
const LETTERS = { rust: 'rs', python: 'py', javascript: 'js' } as const;

interface Props {
  node: GraphNode;
  center: Point;
  stats: CallStats | undefined;
  onHighlight: (key: string | undefined) => void;
}

export function NodeBox({ node, center, stats, onHighlight }: Props) {
  const { width, height } = NODE_SIZE;
  const kind = node.kind === 'worker' ? (node.language ?? 'rust') : node.kind;
  const label = makeVisible(node.label);
  const name = label.length > MAX_NAME_CHARS ? `${label.slice(0, MAX_NAME_CHARS - 1)}…` : label;
  const figures = stats && stats.count > 0 ? `${rate(stats.perSecond)} · p50 ${duration(stats.p50 ?? 0)}` : (node.note ?? '');
  const content = (
    <g transform={`translate(${center.x - width / 2} ${center.y - height / 2})`}>
      <path class="node-shape" d={shape(kind, width, height)} />
      <text class="node-name" x="14" y="20">{name}{name !== label && <title>{label}</title>}</text>
      <text class="node-letters" x={width - 14} y="19">{node.kind === 'worker' && node.language ? LETTERS[node.language] : node.kind === 'trigger' ? '⚡' : '/'}</text>
      <text class="node-figures" x="14" y="36">{figures.slice(0, 30)}{stats && stats.errors > 0 && <tspan class="bad"> {percent(stats.errors / stats.count)} err</tspan>}</text>
    </g>
  );
  if (node.kind === 'trigger') return <g class="node node-trigger">{content}</g>;
  return (
    <a
      class={`node node-${kind}${(stats?.errors ?? 0) > 0 ? ' has-errors' : ''}`}
      href={pathTo(['invocations'], { worker: node.id })}
      data-node={node.id}
      onPointerEnter={() => onHighlight(node.id)}
      onPointerLeave={() => onHighlight(undefined)}
      onFocus={() => onHighlight(node.id)}
      onBlur={() => onHighlight(undefined)}
    >
      {content}
    </a>
  );
}

/** Returns the outline of a node: cut corners for Rust, round for Python, square for JavaScript; a trigger points at its worker. */
function shape(kind: string, w: number, h: number): string {
  if (kind === 'rust') return `M8 0H${w - 8}L${w} 8V${h - 8}L${w - 8} ${h}H8L0 ${h - 8}V8z`;
  if (kind === 'trigger') return `M0 0H${w - 12}L${w} ${h / 2}L${w - 12} ${h}H0z`;
  const r = kind === 'python' ? 16 : kind === 'endpoint' ? 6 : 1;
  return `M${r} 0H${w - r}A${r} ${r} 0 0 1 ${w} ${r}V${h - r}A${r} ${r} 0 0 1 ${w - r} ${h}H${r}A${r} ${r} 0 0 1 0 ${h - r}V${r}A${r} ${r} 0 0 1 ${r} 0z`;
}
