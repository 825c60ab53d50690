// JSON without loss: numbers that JavaScript would round keep the digits that were sent.

/** A number that JavaScript has no exact value for. */
export class ExactNumber {
  constructor(readonly source: string) {}
}

type Reviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown;

/** As `JSON.parse`. Browsers that do not tell a reviver the source give rounded numbers. */
export function parseExact(text: string): unknown {
  const revive: Reviver = (_key, value, context) => {
    if (typeof value !== 'number' || context?.source === undefined) return value;
    return isExact(value, context.source) ? value : new ExactNumber(context.source);
  };
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown) as unknown;
}

/** Whether the value is the number that was written, however that was done: `12.0` and `1e1` are, 20 digits may not be. */
export function isExact(value: number, source: string): boolean {
  const digits = significant(source);
  if (!Number.isFinite(value) || (value === 0) !== (digits === '')) return false;
  return digits.length <= 15 || significant(String(value)) === digits;
}

/** Its digits without sign, point, exponent and zeros at both ends. */
function significant(number: string): string {
  const [mantissa = ''] = number.split(/[eE]/);
  return mantissa.replace(/[-.]/g, '').replace(/^0+|0+$/g, '');
}

/** As `JSON.stringify` with two spaces, and with exact numbers as they were. */
export function pretty(value: unknown, indent = ''): string {
  if (value instanceof ExactNumber) return value.source;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((item) => inner + pretty(item, inner))
    : Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${pretty(item, inner)}`);
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  return parts.length === 0 ? open + close : `${open}\n${parts.join(',\n')}\n${indent}${close}`;
}

/** In one line. */
export function compact(value: unknown): string {
  if (value instanceof ExactNumber) return value.source;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(compact).join(',')}]`;
  return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${compact(item)}`).join(',')}}`;
}
