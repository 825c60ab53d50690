// Lossless JSON: numbers that JavaScript would round keep the digits that were sent.

/** A number that JavaScript cannot represent exactly. */
export class ExactNumber {
  constructor(readonly source: string) {}
}

type Reviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown;

/** Works like `JSON.parse`, but preserves exact numbers. In browsers that do not pass the source text to the reviver, numbers are rounded. */
export function parseExact(text: string): unknown {
  const revive: Reviver = (_key, value, context) => {
    if (typeof value !== 'number' || context?.source === undefined) return value;
    return isExact(value, context.source) ? value : new ExactNumber(context.source);
  };
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown) as unknown;
}

/** Returns whether the value equals the number in the source, whatever its notation: true for `12.0` and `1e1`; may be false for 20 digits. */
export function isExact(value: number, source: string): boolean {
  const digits = significantDigits(source);
  if (!Number.isFinite(value) || (value === 0) !== (digits === '')) return false;
  return digits.length <= 15 || significantDigits(String(value)) === digits;
}

/** Returns the significant digits: without sign, decimal point, exponent, and leading or trailing zeros. */
function significantDigits(number: string): string {
  const [mantissa = ''] = number.split(/[eE]/);
  return mantissa.replace(/[-.]/g, '').replace(/^0+|0+$/g, '');
}

/** Works like `JSON.stringify` with an indentation of two spaces, and writes exact numbers with their original digits. */
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

/** Writes the value in one line. */
export function compact(value: unknown): string {
  if (value instanceof ExactNumber) return value.source;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(compact).join(',')}]`;
  return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${compact(item)}`).join(',')}}`;
}
