// A function in the picture: its name, its language by colour, shape and letters, and how much it is called.

import { pathTo } from '../route/path';
import type { Rate } from '../state/rates';
import { duration, rate, share } from '../text/format';
import { plain } from '../text/visible';
import { NODE, type Point } from './layout';
import type { GraphNode } from './model';

/** Characters of a name that fit. */
const NAME = 19;
const LETTERS = { rust: 'rs', python: 'py', javascript: 'js' } as const;

interface Props {
  node: GraphNode;
  at: Point;
  of: Rate | undefined;
  onLook: (key: string | undefined) => void;
}

export function NodeBox({ node, at, of, onLook }: Props) {
  const { width, height } = NODE;
  const kind = node.kind === 'worker' ? (node.language ?? 'rust') : node.kind;
  const label = plain(node.label);
  const name = label.length > NAME ? `${label.slice(0, NAME - 1)}…` : label;
  const figures = of && of.count > 0 ? `${rate(of.perSecond)} · p50 ${duration(of.p50 ?? 0)}` : (node.note ?? '');
  const content = (
    <g transform={`translate(${at.x - width / 2} ${at.y - height / 2})`}>
      <path class="node-shape" d={shape(kind, width, height)} />
      <text class="node-name" x="14" y="20">{name}{name !== label && <title>{label}</title>}</text>
      <text class="node-letters" x={width - 14} y="19">{node.kind === 'worker' && node.language ? LETTERS[node.language] : node.kind === 'trigger' ? '⚡' : '/'}</text>
      <text class="node-figures" x="14" y="36">{figures.slice(0, 30)}{of && of.errors > 0 && <tspan class="bad"> {share(of.errors / of.count)} err</tspan>}</text>
    </g>
  );
  if (node.kind === 'trigger') return <g class="node node-trigger">{content}</g>;
  return (
    <a
      class={`node node-${kind}${(of?.errors ?? 0) > 0 ? ' has-errors' : ''}`}
      href={pathTo(['invocations'], { worker: node.id })}
      data-node={node.id}
      onPointerEnter={() => onLook(node.id)}
      onPointerLeave={() => onLook(undefined)}
      onFocus={() => onLook(node.id)}
      onBlur={() => onLook(undefined)}
    >
      {content}
    </a>
  );
}

/** Rust has its corners cut, Python is round, JavaScript has corners; a trigger points at what it calls. */
function shape(kind: string, w: number, h: number): string {
  if (kind === 'rust') return `M8 0H${w - 8}L${w} 8V${h - 8}L${w - 8} ${h}H8L0 ${h - 8}V8z`;
  if (kind === 'trigger') return `M0 0H${w - 12}L${w} ${h / 2}L${w - 12} ${h}H0z`;
  const r = kind === 'python' ? 16 : kind === 'endpoint' ? 6 : 1;
  return `M${r} 0H${w - r}A${r} ${r} 0 0 1 ${w} ${r}V${h - r}A${r} ${r} 0 0 1 ${w - r} ${h}H${r}A${r} ${r} 0 0 1 0 ${h - r}V${r}A${r} ${r} 0 0 1 ${r} 0z`;
}
