// JSON as a collapsible tree. Large lists and long texts are shown in parts, so that no payload makes the page slow.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { ExactNumber } from '../text/exact_json';
import { count, plural } from '../text/format';
import { UntrustedText } from './untrusted_text';

/** Items of a list or an object that are shown initially. */
const INITIAL_ITEMS = 100;
/** Items that each click on "show more" adds. */
const MORE_ITEMS = 1_000;
/** Levels that are expanded initially. */
const EXPANDED_LEVELS = 3;
/** Containers with more items are collapsed initially, except at the top. */
const MAX_EXPANDED_ITEMS = 40;
/** Containers inside a container with more items are collapsed initially. */
const MAX_ITEMS_WITH_EXPANDED_CHILDREN = 20;
/** Characters of a string that are shown initially. */
const INITIAL_STRING_CHARS = 1_000;

export function JsonTree({ value }: { value: unknown }) {
  return (
    <div class="json" role="group" aria-label="JSON">
      <Value value={value} level={0} isInitiallyExpanded />
    </div>
  );
}

interface NodeProps {
  value: unknown;
  level: number;
  isInitiallyExpanded: boolean;
  name?: ComponentChildren;
}

function Value({ value, level, isInitiallyExpanded, name }: NodeProps) {
  if (value !== null && typeof value === 'object' && !(value instanceof ExactNumber)) {
    return <Container value={value} level={level} isInitiallyExpanded={isInitiallyExpanded} name={name} />;
  }
  return (
    <div class="json-line">
      {name}
      <Scalar value={value} />
    </div>
  );
}

function Scalar({ value }: { value: unknown }) {
  if (typeof value === 'string') {
    return (
      <span class="json-string">
        "<UntrustedText text={value} initialChars={INITIAL_STRING_CHARS} />"
      </span>
    );
  }
  if (value instanceof ExactNumber) return <span class="json-number">{value.source}</span>;
  return <span class={typeof value === 'number' ? 'json-number' : 'json-word'}>{String(value)}</span>;
}

function Container({ value, level, isInitiallyExpanded, name }: NodeProps & { value: object }) {
  const isList = Array.isArray(value);
  const entries: [string, unknown][] = isList ? value.map((item, index) => [String(index), item]) : Object.entries(value);
  const [isExpanded, setExpanded] = useState(isInitiallyExpanded && (level === 0 || entries.length <= MAX_EXPANDED_ITEMS));
  const [itemLimit, setItemLimit] = useState(INITIAL_ITEMS);
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  if (entries.length === 0) {
    return <div class="json-line">{name}<span class="json-word">{open}{close}</span></div>;
  }
  const size = plural(entries.length, isList ? 'item' : 'key');
  return (
    <div class="json-container">
      <div class="json-line">
        <button type="button" class="fold" aria-expanded={isExpanded} onClick={() => setExpanded(!isExpanded)}>
          <span class="visually-hidden">{isList ? 'list' : 'object'} of {size}</span>
        </button>
        {name}
        <span class="json-mark">{isExpanded ? open : `${open} … ${close}`}</span>
        <span class="json-size">{size}</span>
      </div>
      {isExpanded && (
        <div class="json-inner">
          {entries.slice(0, itemLimit).map(([key, item]) => (
            <Value key={key} value={item} level={level + 1} isInitiallyExpanded={level + 1 < EXPANDED_LEVELS && entries.length <= MAX_ITEMS_WITH_EXPANDED_CHILDREN} name={isList ? <Index index={key} /> : <Key name={key} />} />
          ))}
          {entries.length > itemLimit && (
            <button type="button" class="more" onClick={() => setItemLimit(itemLimit + MORE_ITEMS)}>
              show more ({count(entries.length - itemLimit)} left)
            </button>
          )}
        </div>
      )}
      {isExpanded && <div class="json-line json-mark">{close}</div>}
    </div>
  );
}

function Key({ name }: { name: string }) {
  return <span class="json-key"><UntrustedText text={name} initialChars={200} />:&nbsp;</span>;
}

function Index({ index }: { index: string }) {
  return <span class="json-index">{index}&nbsp;</span>;
}
