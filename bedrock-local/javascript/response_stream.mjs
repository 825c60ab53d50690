// Responses that a worker streams: the global `awslambda` of AWS's runtime for Node.js, and the stream that a worker writes to.
// host.mjs sends what it writes to the app. Messages and types of errors are those of AWS's runtime.
import { Writable } from 'node:stream';
import { HIGH_WATER_MARK, STREAMING } from './load.mjs';
import { RuntimeError } from './errors.mjs';

const DEFAULT_TYPE = 'application/octet-stream';
const HTTP_RESPONSE_TYPE = 'application/vnd.awslambda.http-integration-response';
const SEPARATOR_SIZE = 8; // zero bytes between the prelude and the body
const MAX_CHUNK_SIZE = 1024 * 1024; // a frame of the host protocol has at most 6 MB

/** Defines `awslambda`, unless the variable of AWS's runtime says that the code does not want it. */
export function defineGlobal() {
  if (['1', 'true'].includes(process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) return;
  globalThis.awslambda = {
    ...globalThis.awslambda,
    streamifyResponse(handler, options) {
      handler[STREAMING] = 'response';
      if (typeof options?.highWaterMark === 'number') handler[HIGH_WATER_MARK] = Math.trunc(options.highWaterMark);
      return handler;
    },
    HttpResponseStream,
  };
}

class HttpResponseStream {
  /** Makes `stream` an HTTP response with the status, headers and cookies of `prelude`, which the first `write` sends. */
  static from(stream, prelude) {
    stream.setContentType(HTTP_RESPONSE_TYPE);
    const json = JSON.stringify(prelude);
    stream._onBeforeFirstWrite = (write) => {
      write(json);
      write(new Uint8Array(SEPARATOR_SIZE));
    };
    return stream;
  }
}

/** The stream that a worker writes to. `output` has `open(contentType)`, `write(bytes)` and `flushed(done)`. */
class ResponseStream extends Writable {
  #output;
  #contentType = DEFAULT_TYPE;
  #hasWritten = false; // whether `write` was called
  #isOpen = false; // whether the app knows of the stream
  #hasFailed = false;

  constructor(output, highWaterMark) {
    super({ highWaterMark });
    this.#output = output;
  }

  setContentType(contentType) {
    if (this.#hasWritten) {
      throw new RuntimeError('Runtime.InvalidStreamingOperation', 'Cannot set content-type, too late.');
    }
    this.#contentType = contentType;
  }

  // Like the runtime: only `write` sends the prelude, and objects are written as JSON.
  write(chunk, encoding, callback) {
    const isBytes = typeof chunk === 'string' || chunk instanceof Uint8Array;
    if (!this.#hasWritten) {
      this.#hasWritten = true;
      this._onBeforeFirstWrite?.((first) => super.write(first));
    }
    return super.write(isBytes ? chunk : JSON.stringify(chunk), encoding, callback);
  }

  _write(bytes, _encoding, done) {
    this.#open();
    for (let at = 0; at < bytes.length; at += MAX_CHUNK_SIZE) {
      this.#output.write(bytes.subarray(at, at + MAX_CHUNK_SIZE));
    }
    this.#output.flushed(done);
  }

  _final(done) {
    if (!this.#hasFailed) this.#open();
    done();
  }

  #open() {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#output.open(this.#contentType);
  }

  /** Sends what is written already. Without any of it, the response is only the error. */
  fail() {
    this.#hasFailed = true;
    if (!this.destroyed) this.end();
  }
}

/** Calls `run(stream)`, and waits until it has settled and the stream has ended. */
export async function streamResponse(run, output, highWaterMark) {
  const stream = new ResponseStream(output, highWaterMark);
  const finished = new Promise((resolve, reject) => {
    stream.on('finish', resolve).on('error', reject);
    stream.on('close', () => reject(new Error('Response stream is not finished.')));
  });
  finished.catch(() => {}); // awaited below, unless `run` fails first
  try {
    const running = run(stream);
    if (typeof running?.then !== 'function') throw new Error('Streaming does not support non-async handlers.');
    if ((await running) !== undefined) console.warn('Streaming handlers ignore return values.');
    await finished;
  } catch (error) {
    stream.fail();
    await finished.catch(() => {});
    throw error;
  }
}
