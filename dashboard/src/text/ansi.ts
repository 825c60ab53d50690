// Parses the colours in a terminal's output and drops every other escape sequence. The style sheets define what the colours look like.

export interface StyledRun {
  text: string;
  /** Class names separated by spaces; empty for plain text. */
  style: string;
}

// CSI with its parameters; OSC, DCS, PM and APC up to their end; a character after ESC.
const ESCAPE = /\u001b\[([0-?]*)[ -/]*([@-~])|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\|$)|\u001b[@-Z\\`-~]|\u001b[#%()*+][0-~]/g;

interface TextStyle {
  color?: number;
  background?: number;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
  inverse?: boolean;
}

/** Splits the text into runs of one style. */
export function parseAnsi(text: string): StyledRun[] {
  if (!text.includes('\u001b')) return text === '' ? [] : [{ text, style: '' }];
  const runs: StyledRun[] = [];
  let style: TextStyle = {};
  let start = 0;
  const pushRun = (end: number): void => {
    if (end > start) runs.push({ text: text.slice(start, end), style: classNames(style) });
  };
  for (const match of text.matchAll(ESCAPE)) {
    pushRun(match.index);
    if (match[2] === 'm' && /^[\d;:]*$/.test(match[1] ?? '')) style = applySgr(style, match[1] ?? '');
    start = match.index + match[0].length;
  }
  pushRun(text.length);
  return runs;
}

function classNames(style: TextStyle): string {
  const names: string[] = [];
  const [color, background] = style.inverse ? [style.background ?? 16, style.color ?? 16] : [style.color, style.background];
  if (color !== undefined) names.push(`ansi-f${color}`);
  if (background !== undefined) names.push(`ansi-g${background}`);
  if (style.bold) names.push('ansi-bold');
  if (style.dim) names.push('ansi-dim');
  if (style.italic) names.push('ansi-italic');
  if (style.underline) names.push('ansi-line');
  return names.join(' ');
}

/** Returns the style after an SGR (Select Graphic Rendition) sequence with these parameters. */
function applySgr(previous: TextStyle, parameters: string): TextStyle {
  let style = { ...previous };
  const codes = parameters.split(/[;:]/).map(Number);
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 0) style = {};
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 7) style.inverse = true;
    else if (code === 22) style.bold = style.dim = false;
    else if (code === 23) style.italic = false;
    else if (code === 24) style.underline = false;
    else if (code === 27) style.inverse = false;
    else if (code === 38 || code === 48) {
      const [color, codesUsed] = extendedColor(codes, at + 1);
      if (code === 38) style.color = color;
      else style.background = color;
      at += codesUsed;
    } else applyColor(style, code);
  }
  return style;
}

function applyColor(style: TextStyle, code: number): void {
  if (code >= 30 && code <= 37) style.color = code - 30;
  else if (code === 39) delete style.color;
  else if (code >= 40 && code <= 47) style.background = code - 40;
  else if (code === 49) delete style.background;
  else if (code >= 90 && code <= 97) style.color = code - 82;
  else if (code >= 100 && code <= 107) style.background = code - 92;
}

/** Maps a colour of the 256-colour palette, or an RGB colour, to the nearest of 16. Also returns the number of codes read. */
function extendedColor(codes: number[], at: number): [number | undefined, number] {
  const index = codes[at + 1] ?? 0;
  if (codes[at] === 5) return [index < 16 ? index : nearestColor(...paletteColor(index)), 2];
  if (codes[at] === 2) return [nearestColor(index, codes[at + 2] ?? 0, codes[at + 3] ?? 0), 4];
  return [undefined, 0];
}

function paletteColor(index: number): [number, number, number] {
  if (index >= 232) {
    const grey = (index - 232) * 10 + 8;
    return [grey, grey, grey];
  }
  const level = (n: number): number => (n === 0 ? 0 : n * 40 + 55);
  const at = index - 16;
  return [level(Math.floor(at / 36)), level(Math.floor(at / 6) % 6), level(at % 6)];
}

function nearestColor(red: number, green: number, blue: number): number {
  const brightest = Math.max(red, green, blue);
  if (brightest < 48) return 0;
  const bit = (component: number, value: number): number => (component > brightest * 0.6 ? value : 0);
  return (brightest > 190 ? 8 : 0) + bit(red, 1) + bit(green, 2) + bit(blue, 4);
}
