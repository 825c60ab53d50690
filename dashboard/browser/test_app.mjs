// A test app in a temporary folder whose workers act on their events, and `cargo bedrock dev` of that app.

import { execFile, spawn } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { checkout, program, target } from './environment.mjs';

const BILLER = `import time

from bedrock.workers.invoker import invoke
from bedrock.workers.worker import Worker


class Biller(Worker):
    """Bills an order, and has it mailed."""

    def execute(self, event, context):
        for line in event.get("print", []):
            print(line)
        print("[INFO] billing order", event.get("order"))
        total = price(event["items"])
        if event.get("mail"):
            invoke("mailer", {"order": event.get("order"), "total": total}, True)
        if event.get("later"):
            invoke("labeler", {"order": event.get("order")})
        if event.get("large"):
            return "x" * event["large"]
        return {"order": event.get("order"), "total": total, "echo": event.get("echo")}


def price(items):
    return sum(item["price"] * item["count"] for item in items)
`;
const MAILER = `const { Worker } = require('./worker');

class Mailer extends Worker {
  async execute(event) {
    console.log('mailing order', event.order);
    if (event.fail) throw new RangeError('the mail server says no');
    return { mailed: event.order };
  }
}

module.exports = { Mailer };
`;
const LABELER = `from bedrock.workers.worker import Worker


class Labeler(Worker):
    def execute(self, event, context):
        if event.get("fail"):
            raise ValueError("no label for " + str(event.get("order")))
        return {"label": event.get("order")}
`;
const SETTINGS = `
[package.metadata.bedrock.workers.biller]
redact = ["card"]

[package.metadata.bedrock.workers.labeler]
retries = 0
triggers = [{ queue = "labels", batch-size = 5, partial-failures = true }]
uses = [{ bucket = "printed", access = "write" }]
`;
const ADDRESS = /^127\.0\.0\.1:\d+$/;

/** Returns the command `cargo bedrock …`, with the target folder that other tests of new apps share. */
function command(cwd, args) {
  const env = { ...process.env, CARGO_TARGET_DIR: join(target, 'fixtures') };
  for (const name of ['RUSTFLAGS', 'CARGO_MANIFEST_DIR', 'CARGO_PKG_NAME', 'RUST_BACKTRACE', 'NODE_OPTIONS', 'NODE_TEST_CONTEXT']) delete env[name];
  return { file: program, args: ['bedrock', ...args], options: { cwd, env } };
}

export class TestApp {
  /** Creates the app `shop` with workers in Python and JavaScript. */
  static async create() {
    const folder = await mkdtemp(join(tmpdir(), 'bedrock-dashboard-'));
    const shop = join(folder, 'shop');
    const run = async (...args) => {
      const { file, args: allArgs, options } = command(args[0] === 'new' && args[1] === 'app' ? folder : shop, args);
      await promisify(execFile)(file, allArgs, options);
    };
    await run('new', 'app', 'shop', '--bedrock-path', checkout);
    for (const worker of ['biller.py', 'mailer.js', 'labeler.py']) await run('new', 'worker', worker);
    await copyFile(join(checkout, 'Cargo.lock'), join(shop, 'Cargo.lock'));
    const app = new TestApp(folder, shop);
    await app.save('workers/biller/main.py', BILLER);
    await app.save('workers/mailer/main.js', MAILER);
    await app.save('workers/labeler/main.py', LABELER);
    await app.save('Cargo.toml', (await app.read('Cargo.toml')) + SETTINGS);
    return app;
  }

  constructor(folder, shop) {
    this.folder = folder;
    this.shop = shop;
  }

  read(path) {
    return readFile(join(this.shop, path), 'utf8');
  }

  /** Replaces the file atomically, as editors do. */
  async save(path, text) {
    const temporary = join(this.folder, 'temporary');
    await writeFile(temporary, text);
    await rename(temporary, join(this.shop, path));
  }

  delete(path) {
    return rm(join(this.shop, path));
  }

  async edit(path, from, to) {
    const text = await this.read(path);
    if (!text.includes(from)) throw new Error(`no \`${from}\` in ${path}: ${text}`);
    await this.save(path, text.replace(from, to));
  }

  /** Starts `cargo bedrock dev`; resolves when it accepts requests. */
  async start(port = 0, ...extraArgs) {
    const { file, args, options } = command(this.shop, ['dev', '--message-format', 'json', '--port', String(port), ...extraArgs]);
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (part) => (stderr = (stderr + part).slice(-10_000)));
    const lines = createInterface({ input: child.stdout });
    const url = await new Promise((resolve, reject) => {
      lines.once('line', (line) => resolve(JSON.parse(line).url));
      child.once('exit', (code) => reject(new Error(`dev ended with ${code}: ${stderr}`)));
    });
    if (!ADDRESS.test(url.replace('http://', ''))) throw new Error(`\`${url}\` is not an address`);
    // Reads all further output: `dev` drops lines when the pipe is full.
    lines.on('line', () => {});
    return new DevServer(child, url);
  }

  async remove() {
    await rm(this.folder, { recursive: true, force: true });
  }
}

export class DevServer {
  constructor(child, url) {
    this.child = child;
    this.url = url;
    this.port = Number(new URL(url).port);
    this.exited = new Promise((resolve) => child.once('exit', resolve));
  }

  async get(path) {
    const response = await fetch(`${this.url}/_bedrock/v1${path}`);
    return response.json();
  }

  async post(path, body = '') {
    const { token } = await this.get('/token');
    const response = await fetch(`${this.url}/_bedrock/v1${path}`, { method: 'POST', headers: { 'X-Bedrock-Token': token }, body });
    return response.json();
  }

  /** Invokes a worker as an SDK does and waits for the response; returns the request id. */
  async call(worker, event, type = 'RequestResponse') {
    const response = await fetch(`${this.url}/2015-03-31/functions/${worker}/invocations`, {
      method: 'POST',
      headers: { Authorization: 'Bedrock test', 'X-Amz-Invocation-Type': type },
      body: typeof event === 'string' ? event : JSON.stringify(event),
    });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${worker} returned status ${response.status}`);
    return response.headers.get('x-amzn-requestid');
  }

  /** Makes many calls, 16 at a time. */
  async volume(count, worker, event) {
    let next = 0;
    const callUntilDone = async () => {
      while (next < count) await this.call(worker, event(next++));
    };
    await Promise.all(Array.from({ length: 16 }, callUntilDone));
  }

  /** Kills the process like `kill -9`. */
  async kill() {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  async stop() {
    this.child.kill('SIGTERM');
    await this.exited;
  }
}
