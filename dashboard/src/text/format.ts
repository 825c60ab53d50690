// Formats numbers and times for the reader.

/** Formats milliseconds, such as `0.4 ms`, `12 ms`, `1.25 s` or `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 10) return `${trimZeros(ms.toFixed(ms < 1 ? 2 : 1))} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_995) return `${trimZeros((ms / 1000).toFixed(ms < 9_995 ? 2 : 1))} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return twoUnits(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  return twoUnits(Math.floor(seconds / 3600), 'h', Math.floor((seconds % 3600) / 60), 'min');
}

/** Formats a size, such as `512 B`, `1.5 KB` or `5 MB`. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  const units = ['KB', 'MB', 'GB'];
  let value = count / 1024;
  let unit = 0;
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${trimZeros(value.toFixed(value < 100 ? 1 : 0))} ${units[unit]}`;
}

/** `1,234`. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Returns the number with its noun, such as `3 workers` or `1 worker`. */
export function plural(value: number, word: string): string {
  return `${count(value)} ${word}${value === 1 ? '' : 's'}`;
}

/** Formats calls per second, such as `12/s` or `0.4/s`; low rates per minute, such as `2/min`. */
export function rate(perSecond: number): string {
  if (perSecond === 0) return '0/s';
  if (perSecond < 0.1) return `${trimZeros((perSecond * 60).toFixed(1))}/min`;
  return `${perSecond < 10 ? trimZeros(perSecond.toFixed(1)) : Math.round(perSecond)}/s`;
}

/** Formats a fraction, such as `3%` or `0.4%`. */
export function percent(fraction: number): string {
  const value = fraction * 100;
  return `${value > 0 && value < 1 ? trimZeros(value.toFixed(1)) : Math.round(value)}%`;
}

/** Formats milliseconds since the epoch as local time, such as `14:03:22.120`. */
export function clock(at: number): string {
  const time = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}

/** Returns the time since `at`, such as `now`, `12 s ago` or `3 min ago`. */
export function ago(at: number, now: number): string {
  const seconds = Math.floor((now - at) / 1000);
  return seconds < 1 ? 'now' : `${coarseDuration(seconds)} ago`;
}

/** Returns the time until `at`, such as `in 12 s` or `now`. */
export function timeUntil(at: number, now: number): string {
  const seconds = Math.ceil((at - now) / 1000);
  return seconds < 1 ? 'now' : `in ${coarseDuration(seconds)}`;
}

/** Returns the first eight characters of a long id, enough to distinguish it from others on a page. */
export function shortId(id: string): string {
  return id.length > 13 ? id.slice(0, 8) : id;
}

function coarseDuration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

function twoUnits(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
}

function trimZeros(number: string): string {
  return number.includes('.') ? number.replace(/\.?0+$/, '') : number;
}
