// Finds the first syntax error of a JSON text, with its line and column. JavaScript engines word these errors differently and
// some give no position.

export interface JsonSyntaxError {
  message: string;
  line: number;
  column: number;
}

const SPACE = /[ \t\n\r]*/y;
// A single loop without backtracking, so that strings of megabytes do not exhaust the stack.
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Returns the first syntax error, or `undefined` if the text is valid JSON. */
export function findJsonError(text: string): JsonSyntaxError | undefined {
  const scanner = new Scanner(text);
  const message = scanner.document();
  return message === undefined ? undefined : { message, ...lineAndColumn(text, scanner.at) };
}

/** Returns the line and the column of an offset, both counted from 1. */
export function lineAndColumn(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: at - lineStart + 1 };
}

class Scanner {
  at = 0;
  /** The closing brackets of all open lists and objects. */
  private closers: string[] = [];

  constructor(private readonly text: string) {}

  /** Returns the message of the first error, which is at `at`. */
  document(): string | undefined {
    for (;;) {
      const error = this.value();
      if (error !== undefined) return error;
      const next = this.afterValue();
      if (next !== 'value') return next;
    }
  }

  /** Reads a value, or opening brackets up to the first value inside them. */
  private value(): string | undefined {
    for (;;) {
      this.skip(SPACE);
      const c = this.text[this.at];
      if (c === '"') return this.string();
      if (c !== '[' && c !== '{') return this.skip(SCALAR) ? undefined : this.unexpected('a value');
      const close = c === '[' ? ']' : '}';
      this.at += 1;
      this.skip(SPACE);
      if (this.text[this.at] === close) {
        this.at += 1;
        return undefined;
      }
      this.closers.push(close);
      const error = c === '{' ? this.key() : undefined;
      if (error !== undefined) return error;
    }
  }

  /** Reads what follows a value. Returns `'value'` if another value follows, an error message, or `undefined` at the end of the text. */
  private afterValue(): string | undefined {
    for (;;) {
      this.skip(SPACE);
      const close = this.closers.at(-1);
      const c = this.text[this.at];
      if (close === undefined) return c === undefined ? undefined : this.unexpected('the end');
      if (c === ',') {
        this.at += 1;
        return (close === '}' ? this.key() : undefined) ?? 'value';
      }
      if (c !== close) return this.unexpected(`\`,\` or \`${close}\``);
      this.at += 1;
      this.closers.pop();
    }
  }

  private key(): string | undefined {
    this.skip(SPACE);
    if (this.text[this.at] !== '"') return this.unexpected('a key in double quotes');
    const error = this.string();
    if (error !== undefined) return error;
    this.skip(SPACE);
    if (this.text[this.at] !== ':') return this.unexpected('`:`');
    this.at += 1;
    return undefined;
  }

  private string(): string | undefined {
    return this.skip(STRING) ? undefined : 'this string does not end, or has a character that must be escaped';
  }

  private unexpected(expected: string): string {
    const c = this.text.codePointAt(this.at);
    const found = c === undefined ? 'the end' : `\`${String.fromCodePoint(c)}\``;
    return `expected ${expected}, found ${found}`;
  }

  private skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at = pattern.lastIndex;
    return found !== null && found[0].length > 0;
  }
}
