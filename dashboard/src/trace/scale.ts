// The time axis of the waterfall: which part of a trace is shown, and where its marks are.

export interface Range {
  start: number;
  end: number;
}

/** Milliseconds that are shown at least. */
const SMALLEST = 0.5;

/** About so many marks at round distances, in milliseconds from `origin`. */
export function ticks({ start, end }: Range, origin: number, about: number): number[] {
  const rough = (end - start) / Math.max(1, about);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? rough;
  const marks: number[] = [];
  for (let n = Math.ceil((start - origin) / step - 1e-9); origin + n * step <= end + 1e-9; n += 1) marks.push(n * step + 0);
  return marks;
}

/** A part of the whole, `factor` times as long, with the same point in its place, `at` of its length. */
export function zoomed(shown: Range, whole: Range, factor: number, at = 0.5): Range {
  const length = Math.max(SMALLEST, Math.min(whole.end - whole.start, (shown.end - shown.start) * factor));
  const point = shown.start + (shown.end - shown.start) * at;
  return within({ start: point - length * at, end: point + length * (1 - at) }, whole);
}

/** Moved by a part of its length. */
export function panned(shown: Range, whole: Range, part: number): Range {
  const by = (shown.end - shown.start) * part;
  return within({ start: shown.start + by, end: shown.end + by }, whole);
}

function within({ start, end }: Range, whole: Range): Range {
  const length = end - start;
  const begin = Math.max(whole.start, Math.min(start, whole.end - length));
  return { start: begin, end: Math.min(whole.end, begin + length) };
}

/** Where a moment is, in percent of what is shown. */
export function position(at: number, { start, end }: Range): number {
  return ((at - start) / (end - start)) * 100;
}
