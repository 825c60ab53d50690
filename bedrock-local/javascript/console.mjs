// Output of the worker: replaces process.stdout and process.stderr by streams that tag each line with its request, as
// the host protocol specifies. Writes are synchronous, so that nothing is lost at process.exit() or accumulates in
// memory. Output that a worker writes to descriptors 1 and 2 directly is not tagged.
import { Writable } from 'node:stream';
import { constants, openSync, writeSync as fsWriteSync } from 'node:fs';

const writeSync = fsWriteSync;
const MAX_LINE_SIZE = 64 * 1024;
const TAG_SIZE = 38; // 0x1e, 36 bytes request id, 0x1f
const MAX_TEXT_SIZE = MAX_LINE_SIZE - TAG_SIZE - 1; // a line with its tag and line feed has at most MAX_LINE_SIZE
const BATCH_SIZE = 2 * MAX_LINE_SIZE;
const NEWLINE = 10;

let tag = null;
let target = -1;
const batch = Buffer.allocUnsafeSlow(BATCH_SIZE);
let batched = 0;
const lineWriters = [];

/** Splits one stream into lines. Stores the line that is not finished yet. */
class LineWriter {
  #line = null;
  #length = 0;

  take(bytes) {
    this.#line ??= Buffer.allocUnsafeSlow(MAX_TEXT_SIZE);
    let at = 0;
    while (at < bytes.length) {
      const newline = bytes.indexOf(NEWLINE, at);
      const stop = newline < 0 ? bytes.length : newline;
      while (this.#length + stop - at > MAX_TEXT_SIZE) at += this.#cut(bytes, at);
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

  /**
   * Fills the line up to the limit and sends it, without splitting a UTF-8 character. Returns the number of bytes
   * taken.
   */
  #cut(bytes, at) {
    let take = MAX_TEXT_SIZE - this.#length;
    for (let back = 0; back < 3 && take > 1 && (bytes[at + take] & 0xc0) === 0x80; back++) take -= 1;
    this.#line.set(bytes.subarray(at, at + take), this.#length);
    this.#length += take;
    this.#finishLine();
    return take;
  }

  #finishLine() {
    if (batched + MAX_LINE_SIZE > BATCH_SIZE) writeBatch();
    if (tag !== null) {
      batch[batched] = 0x1e;
      batch.write(tag, batched + 1, 36, 'latin1');
      batch[batched + TAG_SIZE - 1] = 0x1f;
      batched += TAG_SIZE;
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
      else break; // the log has no reader any more; the data socket ends too
    }
  }
  batched = 0;
}

/** Sleeps while the pipe is full, because Node has no poll(2). Returns the next, longer pause in milliseconds. */
function sleep(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  return Math.min(milliseconds * 2, 5);
}

// Replaces destroy() and end(): as on Lambda, the next invocation can still print.
class LogStream extends Writable {
  #lineWriter;

  constructor(fd, lineWriter) {
    super({ emitClose: false, autoDestroy: false }); // it never ends
    this.#lineWriter = lineWriter;
    this.fd = fd;
    this._type = 'pipe';
    this._isStdio = true;
  }

  _write(bytes, _encoding, done) {
    this.#lineWriter.take(bytes);
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

/** Replaces process.stdout and process.stderr. Node's own streams are never created. */
export function captureConsole() {
  target = openTarget();
  for (const [name, fd] of [
    ['stdout', 1],
    ['stderr', 2],
  ]) {
    const lineWriter = new LineWriter();
    let stream = null;
    lineWriters.push(lineWriter);
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable: true,
      get: () => (stream ??= new LogStream(fd, lineWriter)),
    });
  }
}

/**
 * Opens a descriptor of our own for the log pipe: a worker may close 1 and 2, and the next file that it opens would get
 * that number. Non-blocking, because a blocking open of a pipe without a reader never returns. A log that cannot be
 * opened a second time (a socket) is written through descriptor 1.
 */
function openTarget() {
  try {
    return openSync('/dev/fd/1', constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
  } catch {
    return 1;
  }
}

/** Tags the following lines with `requestId`, or not at all if it is null. Sends unfinished lines first. */
export function setRequestId(requestId) {
  flushConsole();
  tag = requestId;
}

export function flushConsole() {
  lineWriters[0].flush();
  lineWriters[1].flush();
}
