// JSON as a tree that opens and closes. Large lists and long texts come in parts, so that no payload makes the page slow.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { ExactNumber } from '../text/exact';
import { count, plural } from '../text/format';
import { Said } from './said';

/** Items of a list or an object that are shown at first, and with each request for more. */
const ITEMS = 100;
/** Levels that are open at first; items up to which one is, and up to which those inside may be. */
const OPEN_LEVELS = 3;
const OPEN_ITEMS = 40;
const FEW_ITEMS = 20;
/** Characters of a text that are shown at first. */
const TEXT = 1_000;

export function Json({ value }: { value: unknown }) {
  return (
    <div class="json" role="group" aria-label="JSON">
      <Value value={value} level={0} isOpen />
    </div>
  );
}

interface Place {
  value: unknown;
  level: number;
  /** Whether it is open at first. */
  isOpen: boolean;
  name?: ComponentChildren;
}

function Value({ value, level, isOpen, name }: Place) {
  if (value !== null && typeof value === 'object' && !(value instanceof ExactNumber)) {
    return <Container value={value} level={level} isOpen={isOpen} name={name} />;
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
        "<Said text={value} first={TEXT} />"
      </span>
    );
  }
  if (value instanceof ExactNumber) return <span class="json-number">{value.source}</span>;
  return <span class={typeof value === 'number' ? 'json-number' : 'json-word'}>{String(value)}</span>;
}

function Container({ value, level, isOpen: isFirst, name }: Place & { value: object }) {
  const isList = Array.isArray(value);
  const entries: [string, unknown][] = isList ? value.map((item, index) => [String(index), item]) : Object.entries(value);
  const [isOpen, setOpen] = useState(isFirst && (level === 0 || entries.length <= OPEN_ITEMS));
  const [most, setMost] = useState(ITEMS);
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  if (entries.length === 0) {
    return <div class="json-line">{name}<span class="json-word">{open}{close}</span></div>;
  }
  const size = plural(entries.length, isList ? 'item' : 'key');
  return (
    <div class="json-container">
      <div class="json-line">
        <button type="button" class="fold" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          <span class="visually-hidden">{isList ? 'list' : 'object'} of {size}</span>
        </button>
        {name}
        <span class="json-mark">{isOpen ? open : `${open} … ${close}`}</span>
        <span class="json-size">{size}</span>
      </div>
      {isOpen && (
        <div class="json-inner">
          {entries.slice(0, most).map(([key, item]) => (
            <Value key={key} value={item} level={level + 1} isOpen={level + 1 < OPEN_LEVELS && entries.length <= FEW_ITEMS} name={isList ? <Index at={key} /> : <Key name={key} />} />
          ))}
          {entries.length > most && (
            <button type="button" class="more" onClick={() => setMost(most + 10 * ITEMS)}>
              show more ({count(entries.length - most)} left)
            </button>
          )}
        </div>
      )}
      {isOpen && <div class="json-line json-mark">{close}</div>}
    </div>
  );
}

function Key({ name }: { name: string }) {
  return <span class="json-key"><Said text={name} first={200} />:&nbsp;</span>;
}

function Index({ at }: { at: string }) {
  return <span class="json-index">{at}&nbsp;</span>;
}
