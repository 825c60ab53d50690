// A simulated app for working on the dashboard without Rust: functions, a call graph, and invocations that take time, fail, are
// retried, and log text that is hard to render.

import { randomUUID } from 'node:crypto';

const LANGUAGES = ['python', 'javascript', 'rust'];
const WORKER_NAMES = ['system_fetcher', 'distance_ranker', 'thumbnailer', 'orbit_solver', 'invoice_writer', 'mail_sender', 'report_maker', 'index_builder', 'cache_warmer', 'token_minter'];

const SETTINGS = { memory: 512, timeout: 30, concurrency: null, retries: 2, event_age: 21600, on_failure: null, variables: ['TABLE'] };

export const UNTRUSTED_TEXTS = [
  '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>',
  '\u001b[1;31mred and bold\u001b[0m, \u001b[38;5;40mgreen\u001b[0m, \u001b]0;title\u0007\u001b[2J\u001b[Hcleared?',
  'NUL \u0000 BEL \u0007 ESC \u001b DEL \u007f end',
  'user\u202Egpj.exe \u2066isolated\u2069 zero\u200bwidth',
  'שלום עולם, then (latin) 123',
  'مرحبا بالعالم',
  `${'long '.repeat(3000)}end`,
];

export function buildApp(count, url) {
  const workers = Array.from({ length: count }, (_, index) => {
    const name = WORKER_NAMES[index] ?? `${WORKER_NAMES[index % WORKER_NAMES.length]}_${index}`;
    return { name, language: LANGUAGES[index % 3], folder: `workers/${name}`, settings: SETTINGS };
  });
  const edges = workers.map(({ name }, index) => ({ from: index < 4 ? 'endpoint' : workers[Math.floor((index - 1) / 2.5)].name, to: name }));
  if (count > 5) edges.push({ from: workers[5].name, to: workers[1].name }, { from: workers[1].name, to: workers[5].name }, { from: workers[2].name, to: workers[2].name });
  for (let index = 8; index < count; index += 3) edges.push({ from: workers[index - 5].name, to: workers[index].name });
  workers[0].triggers = [{ kind: 'schedule', source: 'rate(1 day)', timezone: null, event: { full: true } }, { kind: 'queue', source: 'orders', local_name: 'orbital-local-orders', batch_size: 10, batch_window: 0, partial_failures: true, filters: null }];
  const resources = [
    { from: 'endpoint', kind: 'queue', name: 'orders', access: ['send'], variable: 'ORBITAL_QUEUE_URL_ORDERS', key: null },
    { from: workers[0].name, kind: 'table', name: 'systems', access: ['read', 'write'], variable: 'ORBITAL_TABLE_SYSTEMS', key: ['id (S)'] },
  ];
  return { version: 1, name: 'orbital', url, endpoint: SETTINGS, workers, edges, resources };
}

const payload = (value) => {
  if (value === HUGE) return { bytes: HUGE.length + 2, text: `"${HUGE.slice(0, 65535)}`, cut: true };
  const text = JSON.stringify(value);
  return text.length > 65536 ? { bytes: Buffer.byteLength(text), text: text.slice(0, 65536), cut: true } : { bytes: Buffer.byteLength(text), json: value };
};

const pickRandom = (list) => list[Math.floor(Math.random() * list.length)];
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const EVENTS = [
  () => ({ id: 7, name: 'Kepler-22', planets: [{ name: 'b', mass: 9.1, tags: ['warm', 'ocean?'] }], token: '«redacted»', ok: true, none: null }),
  () => pickRandom(UNTRUSTED_TEXTS),
  () => ({ html: UNTRUSTED_TEXTS[0], rtl: UNTRUSTED_TEXTS[3], [UNTRUSTED_TEXTS[4]]: UNTRUSTED_TEXTS[2] }),
  () => ({ list: Array.from({ length: 250 }, (_, n) => n), long: 'x'.repeat(9000) }),
];
const HUGE = 'y'.repeat(5 * 1024 * 1024);

/** Publishes simulated invocations, with everything they cause, to an event log. `delayFactor` scales all delays; 0 disables them. */
export class SimulatedApp {
  constructor(app, log, delayFactor = 1) {
    Object.assign(this, { app, log, delayFactor, queue: new Map() });
  }

  /** Simulates a request at the endpoint. */
  async simulateRequest() {
    const trace = `1-${Math.floor(Date.now() / 1000).toString(16)}-${randomUUID().replaceAll('-', '').slice(0, 24)}`;
    await this.call({ worker: 'endpoint', trace, mode: 'sync', depth: 0 });
  }

  async call({ worker, trace, mode, parent, depth, event = Math.random() < 0.01 ? HUGE : pickRandom(EVENTS)(), id = randomUUID(), attempt }) {
    const caller = parent?.worker;
    this.log.publish('invocation_started', { request_id: id, worker, ...(parent && { caller, parent_request_id: parent.id }), trace, mode, ...(attempt && { attempt }), event: payload(event) });
    const startedAt = Date.now();
    const initMs = Math.random() < 0.08 ? 40 + Math.random() * 300 : undefined;
    await wait(((initMs ?? 0) + Math.random() * 20) * this.delayFactor);
    this.log.publish('log', { worker, request_id: id, level: pickRandom(['info', 'warn', 'error', 'debug', undefined]), line: pickRandom(UNTRUSTED_TEXTS) });
    const callees = depth < 4 ? this.app.edges.filter((edge) => edge.from === worker && edge.to !== worker) : [];
    for (const { to } of callees) {
      if (Math.random() < 0.45) continue;
      if (Math.random() < 0.2) this.accept({ worker: to, trace, parent: { worker, id }, depth: depth + 1 });
      else await this.call({ worker: to, trace, mode: 'sync', parent: { worker, id }, depth: depth + 1 });
    }
    await wait(Math.random() * 30 * this.delayFactor);
    this.log.publish('log', { worker, request_id: id, line: `[INFO] made ${callees.length} calls` });
    const outcome = Math.random() < 0.9 || worker === 'endpoint' ? 'ok' : pickRandom(['error', 'error', 'timeout', 'throttled', 'denied']);
    const failure = { error_type: 'KeyError', message: `'width' ${pickRandom(UNTRUSTED_TEXTS).slice(0, 300)}`, stack: ['  File "workers/thumbnailer/main.py", line 14, in execute', "    return event['width']", UNTRUSTED_TEXTS[0]] };
    const ended = { request_id: id, worker, outcome, duration_ms: Math.round((Date.now() - startedAt + Math.random()) * 1000) / 1000, ...(initMs && { init_ms: initMs }), max_memory_mb: 48 };
    this.log.publish('invocation_ended', outcome === 'ok' ? { ...ended, response: payload({ ok: true, of: worker }) } : { ...ended, ...failure });
    return { outcome, id, ...failure };
  }

  /** Accepts an asynchronous event, which is attempted three times. */
  async accept({ worker, trace = randomUUID(), parent, depth = 3, event = { n: 1 }, id = randomUUID() }) {
    const queued = { event_id: id, worker, state: 'waiting', next_at: null, reason: null, accepted_at: new Date().toISOString(), attempts: 0, last_error: null, event: payload(event) };
    this.queue.set(id, queued);
    this.log.publish('queue', { event_id: id, worker, state: 'accepted', attempts: 0 });
    await this.runAttempts({ queued, worker, trace, parent, depth, event, id });
    return id;
  }

  async runAttempts({ queued, worker, trace, parent, depth, event, id }) {
    for (let attempt = 1; attempt <= 3 && this.queue.has(id); attempt += 1) {
      await wait(60 * this.delayFactor);
      Object.assign(queued, { state: 'running', next_at: null });
      const result = await this.call({ worker, trace, mode: 'event', parent, depth, event, id, attempt });
      queued.attempts = attempt;
      if (result.outcome === 'ok') {
        this.queue.delete(id);
        return this.log.publish('queue', { event_id: id, worker, state: 'delivered', attempts: attempt });
      }
      queued.last_error = { errorType: result.error_type, errorMessage: result.message };
      const pause = attempt * 4000 * this.delayFactor;
      if (attempt === 3) break;
      Object.assign(queued, { state: 'waiting', next_at: new Date(Date.now() + pause).toISOString() });
      this.log.publish('queue', { event_id: id, worker, state: 'waiting', attempts: attempt, next_at: queued.next_at });
      await wait(pause);
    }
    if (!this.queue.has(id)) return;
    Object.assign(queued, { state: 'failed', next_at: null, reason: 'RetriesExhausted' });
    this.log.publish('queue', { event_id: id, worker, state: 'failed', attempts: 3 });
  }

  /** Simulates a build that succeeds or fails. */
  build(isSuccessful) {
    const workers = ['distance_ranker'];
    this.log.publish('build', { state: 'started', workers, messages: [] });
    const messages = ['\u001b[1m\u001b[31merror[E0308]\u001b[0m: mismatched types', ' --> workers/distance_ranker/src/lib.rs:14:9', '   |', '14 |         "far"', '   |         ^^^^^ expected `u32`, found `&str`', UNTRUSTED_TEXTS[0]];
    this.log.publish('build', { state: isSuccessful ? 'finished' : 'failed', workers, duration_ms: 1830, messages: isSuccessful ? [] : messages });
    if (isSuccessful) this.log.publish('reloaded', { worker: 'system_fetcher', files: ['workers/system_fetcher/main.py'], duration_ms: 41.2 });
  }
}
