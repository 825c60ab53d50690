// Numbers and times as people read them.

/** `0.4 ms`, `12 ms`, `1.25 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 10) return `${trim(ms.toFixed(ms < 1 ? 2 : 1))} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_995) return `${trim((ms / 1000).toFixed(ms < 9_995 ? 2 : 1))} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return joined(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  return joined(Math.floor(seconds / 3600), 'h', Math.floor((seconds % 3600) / 60), 'min');
}

/** `512 B`, `1.5 KB`, `5 MB`. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  const units = ['KB', 'MB', 'GB'];
  let [value, unit] = [count / 1024, 0];
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${trim(value.toFixed(value < 100 ? 1 : 0))} ${units[unit]}`;
}

/** `1,234`. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `3 workers`, `1 worker`. */
export function plural(value: number, word: string): string {
  return `${count(value)} ${word}${value === 1 ? '' : 's'}`;
}

/** Calls in a second: `12/s`, `0.4/s`; those that are rare in a minute: `2/min`. */
export function rate(perSecond: number): string {
  if (perSecond === 0) return '0/s';
  if (perSecond < 0.1) return `${trim((perSecond * 60).toFixed(1))}/min`;
  return `${perSecond < 10 ? trim(perSecond.toFixed(1)) : Math.round(perSecond)}/s`;
}

/** `3%`, `0.4%`. */
export function share(part: number): string {
  const percent = part * 100;
  return `${percent > 0 && percent < 1 ? trim(percent.toFixed(1)) : Math.round(percent)}%`;
}

/** Local time of a moment in milliseconds: `14:03:22.120`. */
export function clock(at: number): string {
  const time = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}

/** `now`, `12 s ago`, `3 min ago`. */
export function ago(at: number, now: number): string {
  const seconds = Math.floor((now - at) / 1000);
  return seconds < 1 ? 'now' : `${coarse(seconds)} ago`;
}

/** `in 12 s`, `now`. */
export function until(at: number, now: number): string {
  const seconds = Math.ceil((at - now) / 1000);
  return seconds < 1 ? 'now' : `in ${coarse(seconds)}`;
}

/** The beginning of a long id, which tells it from the others on a page. */
export function short(id: string): string {
  return id.length > 13 ? id.slice(0, 8) : id;
}

function coarse(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

function joined(large: number, unit: string, small: number, smaller: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smaller}`;
}

function trim(number: string): string {
  return number.includes('.') ? number.replace(/\.?0+$/, '') : number;
}
