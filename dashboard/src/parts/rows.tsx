// A long list of rows of one height, of which only those in sight are in the page.

import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';

/** Rows beyond both ends of what is in sight. */
const BEYOND = 8;

export interface Window {
  first: number;
  last: number;
}

/** Which rows are in sight of a scrolling element. */
export function useWindow(scroller: RefObject<HTMLElement | null>, count: number, height: number): Window {
  const [seen, setSeen] = useState<Window>({ first: 0, last: 40 });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const look = (): void => {
      const first = Math.max(0, Math.floor(element.scrollTop / height) - BEYOND);
      const last = Math.ceil((element.scrollTop + element.clientHeight) / height) + BEYOND;
      setSeen((before) => (before.first === first && before.last === last ? before : { first, last }));
    };
    look();
    element.addEventListener('scroll', look, { passive: true });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => {
      element.removeEventListener('scroll', look);
      observer.disconnect();
    };
  }, [height]);
  const last = Math.min(seen.last, count);
  return { first: Math.max(0, Math.min(seen.first, last - 1)), last };
}

interface Props<T> {
  items: T[];
  height: number;
  scroller: RefObject<HTMLElement | null>;
  render: (item: T, index: number) => ComponentChildren;
}

/** The rows in sight, in a box as high as all of them. */
export function Rows<T>({ items, height, scroller, render }: Props<T>) {
  const { first, last } = useWindow(scroller, items.length, height);
  return (
    <div class="rows" role="rowgroup" style={{ height: `${items.length * height}px` }}>
      <div class="rows-seen" role="presentation" style={{ transform: `translateY(${first * height}px)` }}>
        {items.slice(first, last).map((item, index) => render(item, first + index))}
      </div>
    </div>
  );
}

/** Scrolls so that the row is in sight. */
export function reveal(element: HTMLElement, index: number, height: number, above = 0): void {
  const top = index * height;
  if (top < element.scrollTop) element.scrollTop = top;
  else if (top + height + above > element.scrollTop + element.clientHeight) element.scrollTop = top + height + above - element.clientHeight;
}

const query = '(max-width: 639px)';

/** Whether the window is narrow, where rows have two lines. */
export function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const look = (): void => setNarrow(media.matches);
    media.addEventListener('change', look);
    return () => media.removeEventListener('change', look);
  }, []);
  return isNarrow;
}
