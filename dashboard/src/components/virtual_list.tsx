// A virtualized list: of many rows of the same height, only the visible ones are in the document.

import type { ComponentChildren, RefObject } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';

/** Rows that are rendered before and after the visible ones. */
const OVERSCAN_ROWS = 8;

export interface VisibleRange {
  first: number;
  last: number;
}

/** Returns which rows are visible in a scrolling element. */
export function useVisibleRange(scroller: RefObject<HTMLElement | null>, count: number, height: number): VisibleRange {
  const [range, setRange] = useState<VisibleRange>({ first: 0, last: 40 });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const update = (): void => {
      const first = Math.max(0, Math.floor(element.scrollTop / height) - OVERSCAN_ROWS);
      const last = Math.ceil((element.scrollTop + element.clientHeight) / height) + OVERSCAN_ROWS;
      setRange((previous) => (previous.first === first && previous.last === last ? previous : { first, last }));
    };
    update();
    element.addEventListener('scroll', update, { passive: true });
    const observer = new ResizeObserver(update);
    observer.observe(element);
    return () => {
      element.removeEventListener('scroll', update);
      observer.disconnect();
    };
  }, [height]);
  const last = Math.min(range.last, count);
  return { first: Math.max(0, Math.min(range.first, last - 1)), last };
}

interface Props<T> {
  items: T[];
  height: number;
  scroller: RefObject<HTMLElement | null>;
  render: (item: T, index: number) => ComponentChildren;
}

/** Renders the visible rows in a box as high as all rows. */
export function VirtualRows<T>({ items, height, scroller, render }: Props<T>) {
  const { first, last } = useVisibleRange(scroller, items.length, height);
  return (
    <div class="rows" role="rowgroup" style={{ height: `${items.length * height}px` }}>
      <div class="rows-visible" role="presentation" style={{ transform: `translateY(${first * height}px)` }}>
        {items.slice(first, last).map((item, index) => render(item, first + index))}
      </div>
    </div>
  );
}

/** Scrolls until the row is visible. */
export function scrollToRow(element: HTMLElement, index: number, height: number): void {
  const top = index * height;
  if (top < element.scrollTop) element.scrollTop = top;
  else if (top + height > element.scrollTop + element.clientHeight) element.scrollTop = top + height - element.clientHeight;
}
