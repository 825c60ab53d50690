// The time axis of the waterfall: the visible range of a trace, and its ticks.

export interface Range {
  start: number;
  end: number;
}

/** Smallest visible range in milliseconds. */
const MIN_RANGE_MS = 0.5;

/** Returns about `targetCount` ticks at round intervals, in milliseconds from `origin`. */
export function ticks({ start, end }: Range, origin: number, targetCount: number): number[] {
  const rough = (end - start) / Math.max(1, targetCount);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  const result: number[] = [];
  for (let n = Math.ceil((start - origin) / step - 1e-9); origin + n * step <= end + 1e-9; n += 1) result.push(n * step + 0);
  return result;
}

/** Returns a range `factor` times as long in which the point at the fraction `at` stays in place. The result never exceeds `whole`. */
export function zoomRange(shown: Range, whole: Range, factor: number, at = 0.5): Range {
  const length = Math.max(MIN_RANGE_MS, Math.min(whole.end - whole.start, (shown.end - shown.start) * factor));
  const point = shown.start + (shown.end - shown.start) * at;
  return clampRange({ start: point - length * at, end: point + length * (1 - at) }, whole);
}

/** Moves the range by a fraction of its length, within `whole`. */
export function panRange(shown: Range, whole: Range, fraction: number): Range {
  const offset = (shown.end - shown.start) * fraction;
  return clampRange({ start: shown.start + offset, end: shown.end + offset }, whole);
}

function clampRange({ start, end }: Range, whole: Range): Range {
  const length = end - start;
  const clampedStart = Math.max(whole.start, Math.min(start, whole.end - length));
  return { start: clampedStart, end: Math.min(whole.end, clampedStart + length) };
}

/** Returns the position of a time in percent of the visible range. */
export function position(at: number, { start, end }: Range): number {
  return ((at - start) / (end - start)) * 100;
}
