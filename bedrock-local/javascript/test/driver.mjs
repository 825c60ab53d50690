// Fake app for the tests: creates a worker's folder, starts the host with the command line of
// docs/src/host-protocol.md, sends frames and collects frames, log lines and the exit status. It contains no
// assertions.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after } from 'node:test';

const HERE = dirname(fileURLToPath(import.meta.url));
export const HOST = join(HERE, '..', 'host.mjs');
export const WORKER_JS = join(HERE, '..', '..', '..', 'templates', 'files', 'worker', 'javascript', 'worker.js');

// The command line of the protocol. The outer shell only moves the socket to descriptor 0, where the app has it: Node
// cannot pass a socket pair as the standard input of a child.
const START = 'exec "$@" 3<&0 0</dev/null 1>&2';
const OUTER = 'exec "$@" 0<&5 5<&-';
export const KINDS = { 1: 'READY', 2: 'INIT_ERROR', 3: 'RESPONSE', 4: 'ERROR', 5: 'FATAL', 7: 'STREAM', 8: 'CHUNK' };
export const ARN = 'arn:aws:lambda:eu-west-1:000000000000:function:my_app-local-probe';

const cleanups = [];
// The newest first: a host still writes into its folder until it is killed.
function cleanUp() {
  for (const cleanup of cleanups.splice(0).reverse()) {
    try {
      cleanup();
    } catch (error) {
      process.exitCode = 1;
      console.error('failed to clean up:', error);
    }
  }
}
after(cleanUp);
// A test that exits, or a runner that ends this process after its timeout, skips `after`.
process.on('exit', cleanUp);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/** Creates a worker folder with `files` (path -> text) and worker.js. It is removed after the tests. */
export function workerFolder(files) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'bedrock-js-')));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 20 }));
  cpSync(WORKER_JS, join(folder, 'worker.js'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

export function invokeFrame({ id, deadline, requestId, trace, clientContext = '', text }) {
  const clientContextBytes = Buffer.from(clientContext);
  const length = Buffer.alloc(2);
  length.writeUInt16LE(clientContextBytes.length);
  const event = Buffer.concat([clientContext === '' ? Buffer.alloc(0) : length, clientContextBytes, Buffer.from(text)]);
  const frame = Buffer.alloc(4 + 54 + trace.length + event.length);
  frame.writeUInt32LE(frame.length - 4, 0);
  frame[4] = clientContext === '' ? 1 : 3;
  frame.writeBigUInt64LE(BigInt(id), 5);
  frame.writeBigUInt64LE(BigInt(deadline), 13);
  frame.write(requestId, 21, 36, 'latin1');
  frame[57] = trace.length;
  frame.write(trace, 58, 'latin1');
  event.copy(frame, 58 + trace.length);
  return frame;
}

export function requestIdOf(id) {
  return `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`;
}

export class Host {
  folder;
  socket;
  exited; // promise of {code, signal}
  lines = []; // {requestId, text}; requestId is null for a line without a request
  logBytes = 0;
  longestLine = 0;
  #child;
  #frames = [];
  #takers = [];
  #received = Buffer.alloc(0);
  #chunks = [];
  #rest = Buffer.alloc(0);
  #log;
  #logEnd;
  #nextId = 1;
  #keepLines;

  /** Options: files or folder, className, env, keepLines (false: only count bytes), */
  constructor({
    files = {},
    folder,
    className = 'Probe',
    env = {},
    keepLines = true,
    readLog = true,
    logs = 'pipe',
    node = process.execPath,
  } = {}) {
    this.folder = folder ?? workerFolder(files);
    this.#keepLines = keepLines;
    const pipe = logs === 'pipe' ? openPipe() : null;
    this.#child = spawn('sh', ['-c', OUTER, 'sh', 'sh', '-c', START, 'sh', node, HOST], {
      detached: true,
      env: { ...baseEnv(this.folder, className), ...env },
      stdio: ['ignore', 'ignore', pipe?.writer ?? 'pipe', 'ignore', 'ignore', 'pipe'],
    });
    pipe?.afterSpawn();
    this.socket = this.#child.stdio[5];
    this.socket.on('data', (chunk) => this.#takeFrames(chunk)).on('error', () => {});
    this.socket.on('close', () => this.#deliver());
    this.#log = pipe?.reader ?? this.#child.stderr;
    this.#logEnd = new Promise((resolve) => this.#log.on('close', resolve));
    if (readLog) this.readLog();
    this.exited = new Promise((resolve) => this.#child.on('exit', (code, signal) => resolve({ code, signal })));
    cleanups.push(() => this.kill());
  }

  get pid() {
    return this.#child.pid;
  }

  /** Returns the next frame: {kind, id, text, body}, or null when the host has closed the socket. */
  frame() {
    return new Promise((resolve) => {
      this.#takers.push(resolve);
      this.#deliver();
    });
  }

  /** Waits for READY and returns the host. Throws an error with any other frame. */
  async ready() {
    const frame = await this.frame();
    if (frame?.kind !== 'READY')
      throw new Error(`expected READY, got ${JSON.stringify(frame)}; output: ${JSON.stringify(this.lines)}`);
    return this;
  }

  /** Sends an invocation and returns its id. `text` is the event as JSON text, if it differs from that of `event`. */
  send(
    event,
    {
      text = JSON.stringify(event),
      id = this.#nextId++,
      deadline = Date.now() + 30000,
      trace = '',
      requestId = requestIdOf(id),
      clientContext = '',
    } = {},
  ) {
    this.socket.write(invokeFrame({ id, deadline, requestId, trace, clientContext, text }));
    return id;
  }

  /** Sends an invocation and returns the next frame. */
  invoke(event, options) {
    this.send(event, options);
    return this.frame();
  }

  /** Sends an invocation and returns its response. Throws an error for any other frame. */
  async call(event, options) {
    const frame = await this.invoke(event, options);
    if (frame?.kind !== 'RESPONSE') throw new Error(`expected RESPONSE, got ${JSON.stringify(frame)}`);
    return frame.body;
  }

  /** Closes the data socket, which must end the host. Returns its exit status after all its output has been read. */
  async end() {
    this.socket.destroy();
    const status = await this.exited;
    await this.#logEnd;
    return status;
  }

  readLog() {
    this.#log.on('data', (chunk) => this.#takeLog(chunk));
    this.#log.resume();
  }

  /** Waits until there is output, without reading it. */
  async logged() {
    await once(this.#log, 'readable');
  }

  /** Returns all lines after the host has exited. */
  async printed() {
    await this.exited;
    await this.#logEnd;
    return this.lines;
  }

  kill() {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // it has already exited
    }
  }

  #takeFrames(chunk) {
    this.#chunks.push(chunk);
    const size = this.#chunks.reduce((sum, each) => sum + each.length, 0) + this.#received.length;
    const need = this.#received.length >= 4 ? this.#received.readUInt32LE(0) + 4 : 4;
    if (size < need) return;
    let all = Buffer.concat([this.#received, ...this.#chunks.splice(0)]);
    while (all.length >= 4 && all.length >= all.readUInt32LE(0) + 4) {
      const end = all.readUInt32LE(0) + 4;
      this.#frames.push(parseFrame(all.subarray(4, end)));
      all = all.subarray(end);
    }
    this.#received = all;
    this.#deliver();
  }

  #deliver() {
    while (this.#takers.length > 0 && this.#frames.length > 0) this.#takers.shift()(this.#frames.shift());
    if (this.socket.destroyed) for (const take of this.#takers.splice(0)) take(null);
  }

  #takeLog(chunk) {
    this.logBytes += chunk.length;
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      this.longestLine = Math.max(this.longestLine, end + 1);
      if (this.#keepLines) this.lines.push(parseLine(rest.subarray(0, end)));
      rest = rest.subarray(end + 1);
    }
    this.#rest = Buffer.from(rest);
  }
}

function parseFrame(bytes) {
  const kind = KINDS[bytes[0]] ?? `kind ${bytes[0]}`;
  const hasId = bytes[0] >= 3;
  const text = bytes.subarray(hasId ? 9 : 1).toString();
  return {
    kind,
    id: hasId ? Number(bytes.readBigUInt64LE(1)) : undefined,
    text,
    body: text === '' || bytes[0] >= 7 ? undefined : JSON.parse(text),
  };
}

function parseLine(bytes) {
  if (bytes[0] !== 0x1e || bytes[37] !== 0x1f) return { requestId: null, text: bytes.toString() };
  return { requestId: bytes.subarray(1, 37).toString(), text: bytes.subarray(38).toString() };
}

function baseEnv(folder, className) {
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    AWS_LAMBDA_FUNCTION_NAME: 'my_app-local-probe',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
    AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/my_app-local-probe',
    AWS_LAMBDA_LOG_STREAM_NAME: '2026/01/01/[$LATEST]0',
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'key-of-the-app',
    LAMBDA_TASK_ROOT: folder,
    BEDROCK_LOCAL: '1',
    BEDROCK_APP: 'my_app',
    BEDROCK_WORKER: 'probe',
    BEDROCK_WORKER_CLASS: className,
    BEDROCK_WORKER_DIR: folder,
    BEDROCK_FUNCTION_ARN: ARN,
  };
}

/** Opens a pipe for the log, as the app does. It is a named one, because Node would give the child a socket. */
function openPipe() {
  const folder = mkdtempSync(join(tmpdir(), 'bedrock-pipe-'));
  const path = join(folder, 'log');
  execFileSync('mkfifo', [path]);
  const keeper = openSync(path, constants.O_RDWR | constants.O_NONBLOCK); // otherwise the reader gets end of file before the first writer
  const reader = new Socket({
    fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  });
  const writer = openSync(path, constants.O_WRONLY);
  const afterSpawn = () => {
    closeSync(writer);
    closeSync(keeper);
    rmSync(folder, { recursive: true });
  };
  return { reader, writer, afterSpawn };
}

/** Returns the text of a line that `console` has printed, without time, request id and level. */
export function consoleText(line) {
  return line.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z\t[^\t]*\t[A-Z]+\t/, '');
}

/** main.js of a worker `Probe` whose execute has this body; `before` goes in front of the class. */
export function probe(body, before = '') {
  const imports = `const { Worker, invoke, InvocationError } = require('./worker');`;
  const method = `  async execute(event, context) {\n    ${body}\n  }`;
  return { 'main.js': `${imports}\n${before}\nclass Probe extends Worker {\n${method}\n}\n` };
}
