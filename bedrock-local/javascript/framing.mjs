// The data socket of the host protocol: splits received data into INVOKE frames and writes the host's frames. host.mjs
// interprets them.
import { Socket } from 'node:net';
import { writeSync as fsWriteSync } from 'node:fs';

export const READY = 1;
export const INIT_ERROR = 2;
export const RESPONSE = 3;
export const ERROR = 4;
export const FATAL = 5;
export const RECALLED = 6;
export const STREAM = 7; // begins a streamed response: its content type
export const CHUNK = 8; // bytes of it

const INVOKE = 1;
const RECALL = 2;
const INVOKE_FOR = 3; // INVOKE with a client context before the event
const READ_BUFFER_SIZE = 256 * 1024;
const SEND_BUFFER_SIZE = 64 * 1024;
const HEADER_SIZE = 13; // u32 length, u8 kind, u64 id
const HEADER_SIZE_WITHOUT_ID = 5;

// Saved at the start: a worker may replace functions of `fs` (mocks, graceful-fs).
const writeSync = fsWriteSync;
// These skip the checks of toString() and write(). They have existed since Node 0.x, undocumented.
const utf8Slice =
  Buffer.prototype.utf8Slice ??
  function (start, end) {
    return this.toString('utf8', start, end);
  };
const latin1Slice =
  Buffer.prototype.latin1Slice ??
  function (start, end) {
    return this.toString('latin1', start, end);
  };
const utf8Write =
  Buffer.prototype.utf8Write ??
  function (text, at) {
    return this.write(text, at, 'utf8');
  };

function u32(bytes, at) {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

function putU32(bytes, at, value) {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** Parses the INVOKE frame whose kind byte is at `at`. The id is stored as two halves, because it is only sent back. */
function invocation(bytes, at, end) {
  const traceLength = bytes[at + 53];
  let eventAt = at + 54 + traceLength;
  let clientContext = '';
  if (bytes[at] === INVOKE_FOR) {
    const from = eventAt + 2;
    eventAt = from + bytes[eventAt] + bytes[eventAt + 1] * 0x100;
    clientContext = utf8Slice.call(bytes, from, eventAt);
  }
  return {
    idLow: u32(bytes, at + 1),
    idHigh: u32(bytes, at + 5),
    deadline: u32(bytes, at + 9) + u32(bytes, at + 13) * 0x100000000,
    requestId: latin1Slice.call(bytes, at + 17, at + 53),
    trace: traceLength === 0 ? '' : latin1Slice.call(bytes, at + 54, at + 54 + traceLength),
    clientContext, // JSON, or empty
    text: utf8Slice.call(bytes, eventAt, end),
  };
}

/** Splits a stream of chunks into frames. A frame in several chunks is copied once, into a buffer of its own size. */
export class FrameReader {
  #onFrame;
  #head = Buffer.allocUnsafe(4);
  #headFilled = 0;
  #body = null;
  #bodyFilled = 0;

  /** `onFrame(bytes, start, end)` must not use `bytes` after it returns. */
  constructor(onFrame) {
    this.#onFrame = onFrame;
  }

  push(chunk, size) {
    let at = this.#body === null && this.#headFilled === 0 ? 0 : this.#continue(chunk, size);
    while (size - at >= 4) {
      const length = u32(chunk, at);
      if (size - at - 4 < length) break;
      const start = at + 4;
      at = start + length;
      this.#onFrame(chunk, start, at);
    }
    if (at < size) this.#startFrame(chunk, at, size);
  }

  /** Continues the frame that the last chunk began. Returns the start of the next frame. */
  #continue(chunk, size) {
    let at = 0;
    if (this.#body === null) {
      while (this.#headFilled < 4 && at < size) this.#head[this.#headFilled++] = chunk[at++];
      if (this.#headFilled < 4) return at;
      this.#body = Buffer.allocUnsafe(u32(this.#head, 0));
      this.#bodyFilled = 0;
    }
    const take = Math.min(size - at, this.#body.length - this.#bodyFilled);
    this.#body.set(chunk.subarray(at, at + take), this.#bodyFilled);
    this.#bodyFilled += take;
    if (this.#bodyFilled === this.#body.length) {
      const body = this.#body;
      this.#body = null;
      this.#headFilled = 0;
      this.#onFrame(body, 0, body.length);
    }
    return at + take;
  }

  #startFrame(chunk, at, size) {
    while (this.#headFilled < 4 && at < size) this.#head[this.#headFilled++] = chunk[at++];
    if (this.#headFilled < 4) return;
    this.#body = Buffer.allocUnsafe(u32(this.#head, 0));
    this.#body.set(chunk.subarray(at, size), 0);
    this.#bodyFilled = size - at;
  }
}

/**
 * The socket on descriptor `fd`. Calls `onInvocation(call)` for each INVOKE, `onRecall()`, and `onEnd()` when the app
 * closes it.
 */
export class HostSocket {
  #fd;
  #socket;
  #onEnd;
  #scratch = Buffer.allocUnsafeSlow(SEND_BUFFER_SIZE);
  #unsent = 0; // pending writes of libuv, which later frames must not overtake

  constructor(fd, onInvocation, onRecall, onEnd) {
    this.#fd = fd;
    this.#onEnd = onEnd;
    const reader = new FrameReader((bytes, start, end) => {
      if ((bytes[start] === INVOKE || bytes[start] === INVOKE_FOR) && end - start >= 54) onInvocation(invocation(bytes, start, end));
      else if (bytes[start] === RECALL) onRecall();
    });
    // A buffer of our own: otherwise Node allocates 64 KiB for every read.
    const buffer = Buffer.allocUnsafeSlow(READ_BUFFER_SIZE);
    const callback = (size, bytes) => {
      reader.push(bytes, size);
      return true;
    };
    this.#socket = new Socket({ fd, readable: true, writable: true, onread: { buffer, callback } });
    this.#socket.on('end', onEnd).on('error', onEnd).on('close', onEnd);
    this.#socket.resume();
  }

  /** Makes Node ignore this socket when it checks for active handles (see `beforeExit` in host.mjs). */
  unref() {
    this.#socket.unref();
  }

  ref() {
    this.#socket.ref();
  }

  /** Sends a frame. `call` is its invocation, or null for READY and INIT_ERROR. */
  send(kind, call, text) {
    const headSize = call === null ? HEADER_SIZE_WITHOUT_ID : HEADER_SIZE;
    let frame = this.#scratch;
    let size;
    if (text.length * 3 + headSize <= SEND_BUFFER_SIZE) {
      size = headSize + utf8Write.call(frame, text, headSize);
    } else {
      size = headSize + Buffer.byteLength(text);
      frame = Buffer.allocUnsafeSlow(size);
      utf8Write.call(frame, text, headSize);
    }
    this.#sendFrame(frame, size, kind, call);
  }

  /** Sends a frame with bytes, at most as many as a frame may have. */
  sendBytes(kind, call, bytes) {
    const size = HEADER_SIZE + bytes.length;
    const frame = size <= SEND_BUFFER_SIZE ? this.#scratch : Buffer.allocUnsafeSlow(size);
    frame.set(bytes, HEADER_SIZE);
    this.#sendFrame(frame, size, kind, call);
  }

  #sendFrame(frame, size, kind, call) {
    putU32(frame, 0, size - 4);
    frame[4] = kind;
    if (call !== null) {
      putU32(frame, 5, call.idLow);
      putU32(frame, 9, call.idHigh);
    }
    this.#write(frame, size);
  }

  /** Calls `done` when everything has been written. */
  flushed(done) {
    if (this.#unsent === 0) done();
    else this.#socket.write('', () => (this.#unsent === 0 ? done() : this.flushed(done)));
  }

  // Calls write(2) directly, which takes half the time of a stream's write(). libuv gets only what the kernel did not
  // accept.
  #write(frame, size) {
    let sent = 0;
    if (this.#unsent === 0) {
      try {
        sent = writeSync(this.#fd, frame, 0, size);
      } catch (error) {
        if (error.code !== 'EAGAIN') return this.#onEnd();
      }
      if (sent === size) return undefined;
    }
    const rest = frame.subarray(sent, size);
    this.#unsent += 1;
    this.#socket.write(frame === this.#scratch ? Buffer.from(rest) : rest, () => {
      this.#unsent -= 1;
    });
    return undefined;
  }
}
