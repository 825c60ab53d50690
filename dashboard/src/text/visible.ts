// Makes visible what would change how other text looks, or hide in it: control characters, marks of direction, blanks
// without width. What is a letter in any script stays as it is.

export interface Piece {
  text: string;
  /** What the character is, if `text` stands for one that cannot be shown. */
  mark?: string;
}

// Of the first 32, in their order. The pictures that Unicode has of them are missing in many fonts.
const CONTROLS =
  'NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US'.split(' ');
const NAMES: Record<number, string> = {
  ...CONTROLS, 0x7f: 'DEL', 0x61c: 'ALM', 0x200b: 'ZWSP', 0x200e: 'LRM', 0x200f: 'RLM', 0x2028: 'LS', 0x2029: 'PS', 0x202a: 'LRE', 0x202b: 'RLE', 0x202c: 'PDF',
  0x202d: 'LRO', 0x202e: 'RLO', 0x2060: 'WJ', 0x2066: 'LRI', 0x2067: 'RLI', 0x2068: 'FSI', 0x2069: 'PDI', 0xfeff: 'BOM',
};
// All but tab and line feed; surrogates without a partner; tags, which spell a text that nobody sees.
const ODD =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff]|\p{Surrogate}|[\u{e0000}-\u{e007f}]/gu;

/** The text in pieces; those with a mark stand for a single character. */
export function pieces(text: string): Piece[] {
  const all: Piece[] = [];
  let begin = 0;
  const lines = text.includes('\r\n') ? text.replaceAll('\r\n', '\n') : text;
  for (const found of lines.matchAll(ODD)) {
    if (found.index > begin) all.push({ text: lines.slice(begin, found.index) });
    all.push(shown(found[0].codePointAt(0) ?? 0));
    begin = found.index + found[0].length;
  }
  if (begin < lines.length) all.push({ text: lines.slice(begin) });
  return all;
}

/** For where no marks can be made, as in titles. */
export function plain(text: string): string {
  return pieces(text).map((piece) => piece.text).join('');
}

function shown(code: number): Piece {
  const mark = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return { text: `‹${NAMES[code] ?? mark}›`, mark };
}
