// What the worker prints: replaces process.stdout and process.stderr by streams that mark each line with the
// request it belongs to, as the host protocol says. Writes are synchronous, so nothing is lost at process.exit()
// and nothing piles up in memory. What a worker writes to descriptor 1 or 2 by other means goes out unmarked.
import { Writable } from 'node:stream';
import { constants, openSync, writeSync as fsWriteSync } from 'node:fs';

const writeSync = fsWriteSync;
const LINE = 64 * 1024;
const TAG = 38; // 0x1e, 36 bytes request id, 0x1f
const TEXT = LINE - TAG - 1; // so that a line with its mark and its line feed is never longer than LINE
const BATCH = 2 * LINE;
const NEWLINE = 10;

let tag = null;
let target = -1;
const batch = Buffer.allocUnsafeSlow(BATCH);
let batched = 0;
const printers = [];

/** One printed stream: collects the bytes of the line that is not finished yet. */
class Printer {
  #line = null;
  #length = 0;

  take(bytes) {
    this.#line ??= Buffer.allocUnsafeSlow(TEXT);
    let at = 0;
    while (at < bytes.length) {
      const newline = bytes.indexOf(NEWLINE, at);
      const stop = newline < 0 ? bytes.length : newline;
      while (this.#length + stop - at > TEXT) at += this.#cut(bytes, at);
      this.#line.set(bytes.subarray(at, stop), this.#length);
      this.#length += stop - at;
      if (newline >= 0) this.#finishLine();
      at = stop + 1;
    }
    writeBatch();
  }

  /** Sends the unfinished line. */
  flush() {
    if (this.#length === 0) return;
    this.#finishLine();
    writeBatch();
  }

  /** Fills the line up to the limit and sends it, not cutting a UTF-8 character in two; returns how much it took. */
  #cut(bytes, at) {
    let take = TEXT - this.#length;
    for (let back = 0; back < 3 && take > 1 && (bytes[at + take] & 0xc0) === 0x80; back++) take -= 1;
    this.#line.set(bytes.subarray(at, at + take), this.#length);
    this.#length += take;
    this.#finishLine();
    return take;
  }

  #finishLine() {
    if (batched + LINE > BATCH) writeBatch();
    if (tag !== null) {
      batch[batched] = 0x1e;
      batch.write(tag, batched + 1, 36, 'latin1');
      batch[batched + TAG - 1] = 0x1f;
      batched += TAG;
    }
    batch.set(this.#line.subarray(0, this.#length), batched);
    batched += this.#length;
    batch[batched++] = NEWLINE;
    this.#length = 0;
  }
}

function writeBatch() {
  let at = 0;
  let pause = 0.1;
  while (at < batched) {
    try {
      at += writeSync(target, batch, at, batched - at);
      pause = 0.1;
    } catch (error) {
      if (error.code === 'EAGAIN') pause = sleep(pause);
      else if (error.code === 'EBADF' && target === 1) target = 2;
      else break; // nobody reads any more: the end of the data socket will say so
    }
  }
  batched = 0;
}

/** The pipe is full and there is no poll(2) in Node: look again after `milliseconds`. Returns the next, longer pause. */
function sleep(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  return Math.min(milliseconds * 2, 5);
}

// Not the stream's own destroy() and end(): on Lambda, too, the next invocation can print.
class PrintStream extends Writable {
  #printer;

  constructor(fd, printer) {
    super({ emitClose: false, autoDestroy: false }); // it never ends
    this.#printer = printer;
    this.fd = fd;
    this._type = 'pipe';
    this._isStdio = true;
  }

  _write(bytes, _encoding, done) {
    this.#printer.take(bytes);
    done();
  }

  end(chunk, encoding, done) {
    const callback = [chunk, encoding, done].find((argument) => typeof argument === 'function');
    if (chunk !== undefined && chunk !== null && chunk !== callback) {
      this.write(chunk, encoding === callback ? undefined : encoding);
    }
    // `stream.pipeline` waits for this event.
    process.nextTick(() => {
      callback?.();
      this.emit('finish');
    });
    return this;
  }

  destroy() {
    return this;
  }

  destroySoon() {}

  cork() {}

  uncork() {}
}

/** Takes over process.stdout and process.stderr. Neither stream of Node's own is ever made. */
export function capturePrints() {
  target = openTarget();
  for (const [name, fd] of [
    ['stdout', 1],
    ['stderr', 2],
  ]) {
    const printer = new Printer();
    let stream = null;
    printers.push(printer);
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable: true,
      get: () => (stream ??= new PrintStream(fd, printer)),
    });
  }
}

/**
 * A descriptor of the host's own for the log pipe: a worker may close 1 and 2, and the next file it opens would get
 * that number. Non-blocking, because a blocking open of a pipe that has lost its reader never returns.
 * What cannot be opened a second time (a socket) is written to as descriptor 1.
 */
function openTarget() {
  try {
    return openSync('/dev/fd/1', constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
  } catch {
    return 1;
  }
}

/** From now on lines belong to `requestId`, or to no request if it is null. Sends what is unfinished before. */
export function printFor(requestId) {
  flushPrints();
  tag = requestId;
}

export function flushPrints() {
  printers[0].flush();
  printers[1].flush();
}
