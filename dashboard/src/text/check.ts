// Says whether a text is JSON and, if not, what is wrong in which line. Engines word that differently and some give no place.

export interface Fault {
  message: string;
  line: number;
  column: number;
}

const SPACE = /[ \t\n\r]*/y;
// One loop over what needs no look back, so that megabytes need no stack.
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** What is wrong with it; nothing if it is JSON. */
export function fault(text: string): Fault | undefined {
  const scanner = new Scanner(text);
  const message = scanner.document();
  return message === undefined ? undefined : { message, ...place(text, scanner.at) };
}

/** Line and column of a position, from 1. */
export function place(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at);
  const begin = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: at - begin + 1 };
}

class Scanner {
  at = 0;
  /** What each open bracket waits for. */
  private open: string[] = [];

  constructor(private readonly text: string) {}

  /** The first thing that is wrong, at `at`. */
  document(): string | undefined {
    for (;;) {
      const wrong = this.value();
      if (wrong !== undefined) return wrong;
      const next = this.behind();
      if (next !== 'value') return next;
    }
  }

  /** A value, or the openings up to the first one inside. */
  private value(): string | undefined {
    for (;;) {
      this.take(SPACE);
      const c = this.text[this.at];
      if (c === '"') return this.string();
      if (c !== '[' && c !== '{') return this.take(SCALAR) ? undefined : this.unexpected('a value');
      const close = c === '[' ? ']' : '}';
      this.at += 1;
      this.take(SPACE);
      if (this.text[this.at] === close) {
        this.at += 1;
        return undefined;
      }
      this.open.push(close);
      const wrong = c === '{' ? this.key() : undefined;
      if (wrong !== undefined) return wrong;
    }
  }

  /** After a value: closes what is closed; says that one more value follows, what is wrong, or nothing at the end. */
  private behind(): string | undefined {
    for (;;) {
      this.take(SPACE);
      const close = this.open.at(-1);
      const c = this.text[this.at];
      if (close === undefined) return c === undefined ? undefined : this.unexpected('the end');
      if (c === ',') {
        this.at += 1;
        return (close === '}' ? this.key() : undefined) ?? 'value';
      }
      if (c !== close) return this.unexpected(`\`,\` or \`${close}\``);
      this.at += 1;
      this.open.pop();
    }
  }

  private key(): string | undefined {
    this.take(SPACE);
    if (this.text[this.at] !== '"') return this.unexpected('a key in double quotes');
    const wrong = this.string();
    if (wrong !== undefined) return wrong;
    this.take(SPACE);
    if (this.text[this.at] !== ':') return this.unexpected('`:`');
    this.at += 1;
    return undefined;
  }

  private string(): string | undefined {
    return this.take(STRING) ? undefined : 'this string does not end, or has a character that must be escaped';
  }

  private unexpected(wanted: string): string {
    const c = this.text.codePointAt(this.at);
    const found = c === undefined ? 'the end' : `\`${String.fromCodePoint(c)}\``;
    return `expected ${wanted}, found ${found}`;
  }

  private take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at = pattern.lastIndex;
    return found !== null && found[0].length > 0;
  }
}
