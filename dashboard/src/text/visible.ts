// Makes characters visible that would be invisible or change how other text looks: control characters, direction marks,
// zero-width spaces. Letters of every script are left unchanged.

export interface Piece {
  text: string;
  /** The code point, if `text` replaces an invisible character. */
  mark?: string;
}

// Names of the first 32 code points. The symbols that Unicode defines for them are missing in many fonts.
const CONTROLS =
  'NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US'.split(' ');
const NAMES: Record<number, string> = {
  ...CONTROLS, 0x7f: 'DEL', 0x61c: 'ALM', 0x200b: 'ZWSP', 0x200e: 'LRM', 0x200f: 'RLM', 0x2028: 'LS', 0x2029: 'PS', 0x202a: 'LRE', 0x202b: 'RLE', 0x202c: 'PDF',
  0x202d: 'LRO', 0x202e: 'RLO', 0x2060: 'WJ', 0x2066: 'LRI', 0x2067: 'RLI', 0x2068: 'FSI', 0x2069: 'PDI', 0xfeff: 'BOM',
};
// Control characters except tab and line feed; unpaired surrogates; tag characters, which can spell invisible text.
const INVISIBLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff]|\p{Surrogate}|[\u{e0000}-\u{e007f}]/gu;

/** Splits the text into pieces; each piece with a mark replaces one invisible character. */
export function visiblePieces(text: string): Piece[] {
  const result: Piece[] = [];
  let start = 0;
  const lines = text.includes('\r\n') ? text.replaceAll('\r\n', '\n') : text;
  for (const match of lines.matchAll(INVISIBLE)) {
    if (match.index > start) result.push({ text: lines.slice(start, match.index) });
    result.push(replacementFor(match[0].codePointAt(0) ?? 0));
    start = match.index + match[0].length;
  }
  if (start < lines.length) result.push({ text: lines.slice(start) });
  return result;
}

/** Returns the text with invisible characters replaced, for places without markup such as titles. */
export function makeVisible(text: string): string {
  return visiblePieces(text).map((piece) => piece.text).join('');
}

function replacementFor(code: number): Piece {
  const mark = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return { text: `‹${NAMES[code] ?? mark}›`, mark };
}
