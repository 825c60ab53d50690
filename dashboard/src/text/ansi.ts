// Reads the colours of a terminal out of a text and drops every other escape sequence. What a colour looks like is for the styles.

export interface Styled {
  text: string;
  /** Names of classes, apart by spaces; nothing for plain text. */
  style: string;
}

// CSI with its parameters; OSC, DCS, PM and APC up to their end; a character after ESC.
const ESCAPE = /\u001b\[([0-?]*)[ -/]*([@-~])|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\|$)|\u001b[@-Z\\`-~]|\u001b[#%()*+][0-~]/g;

interface Pen {
  color?: number;
  ground?: number;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  line?: boolean;
  inverse?: boolean;
}

/** The text in runs of one style. */
export function styled(text: string): Styled[] {
  if (!text.includes('\u001b')) return text === '' ? [] : [{ text, style: '' }];
  const runs: Styled[] = [];
  let pen: Pen = {};
  let begin = 0;
  const push = (end: number): void => {
    if (end > begin) runs.push({ text: text.slice(begin, end), style: classes(pen) });
  };
  for (const found of text.matchAll(ESCAPE)) {
    push(found.index);
    if (found[2] === 'm' && /^[\d;:]*$/.test(found[1] ?? '')) pen = changed(pen, found[1] ?? '');
    begin = found.index + found[0].length;
  }
  push(text.length);
  return runs;
}

function classes(pen: Pen): string {
  const names: string[] = [];
  const [front, ground] = pen.inverse ? [pen.ground ?? 16, pen.color ?? 16] : [pen.color, pen.ground];
  if (front !== undefined) names.push(`ansi-f${front}`);
  if (ground !== undefined) names.push(`ansi-g${ground}`);
  if (pen.bold) names.push('ansi-bold');
  if (pen.dim) names.push('ansi-dim');
  if (pen.italic) names.push('ansi-italic');
  if (pen.line) names.push('ansi-line');
  return names.join(' ');
}

function changed(before: Pen, parameters: string): Pen {
  let pen = { ...before };
  const codes = parameters.split(/[;:]/).map(Number);
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 0) pen = {};
    else if (code === 1) pen.bold = true;
    else if (code === 2) pen.dim = true;
    else if (code === 3) pen.italic = true;
    else if (code === 4) pen.line = true;
    else if (code === 7) pen.inverse = true;
    else if (code === 22) pen.bold = pen.dim = false;
    else if (code === 23) pen.italic = false;
    else if (code === 24) pen.line = false;
    else if (code === 27) pen.inverse = false;
    else if (code === 38 || code === 48) {
      const [color, used] = extended(codes, at + 1);
      if (code === 38) pen.color = color;
      else pen.ground = color;
      at += used;
    } else paint(pen, code);
  }
  return pen;
}

function paint(pen: Pen, code: number): void {
  if (code >= 30 && code <= 37) pen.color = code - 30;
  else if (code === 39) delete pen.color;
  else if (code >= 40 && code <= 47) pen.ground = code - 40;
  else if (code === 49) delete pen.ground;
  else if (code >= 90 && code <= 97) pen.color = code - 82;
  else if (code >= 100 && code <= 107) pen.ground = code - 92;
}

/** One of 256 colours, or one of all, as the nearest of 16; and how many codes that took. */
function extended(codes: number[], at: number): [number | undefined, number] {
  const index = codes[at + 1] ?? 0;
  if (codes[at] === 5) return [index < 16 ? index : nearest(...cube(index)), 2];
  if (codes[at] === 2) return [nearest(index, codes[at + 2] ?? 0, codes[at + 3] ?? 0), 4];
  return [undefined, 0];
}

function cube(index: number): [number, number, number] {
  if (index >= 232) {
    const grey = (index - 232) * 10 + 8;
    return [grey, grey, grey];
  }
  const part = (n: number): number => (n === 0 ? 0 : n * 40 + 55);
  const at = index - 16;
  return [part(Math.floor(at / 36)), part(Math.floor(at / 6) % 6), part(at % 6)];
}

function nearest(red: number, green: number, blue: number): number {
  const most = Math.max(red, green, blue);
  if (most < 48) return 0;
  const bit = (part: number, value: number): number => (part > most * 0.6 ? value : 0);
  return (most > 190 ? 8 : 0) + bit(red, 1) + bit(green, 2) + bit(blue, 4);
}
