// Serves the built dashboard with a simulated `cargo bedrock dev`:
// `node dev/mock_server.mjs --port 7100 --workers 9 --rate 2 --fill 500`; or, with `--to http://127.0.0.1:7070`, with a running
// one. For development of the dashboard.

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EventLog, invocations } from './event_log.mjs';
import { SimulatedApp, buildApp } from './simulated_app.mjs';

const { values } = parseArgs({ options: { port: { type: 'string', default: '7100' }, workers: { type: 'string', default: '9' }, rate: { type: 'string', default: '2' }, fill: { type: 'string', default: '0' }, to: { type: 'string' } } });
const built = join(dirname(fileURLToPath(import.meta.url)), '../../bedrock-dev/dashboard');
const url = `http://127.0.0.1:${values.port}`;
const app = buildApp(Number(values.workers), url);
const log = new EventLog();
const simulation = new SimulatedApp(app, log);
const token = randomUUID();
const FILES = { '/app.js': 'text/javascript', '/app.css': 'text/css', '/icon.svg': 'image/svg+xml' };

const json = (response, status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const sendError = (response, status, message) => json(response, status, { error: { message } });

const readBody = async (request) => {
  let text = '';
  for await (const part of request) text += part;
  return text;
};

function listInvocations(response, query) {
  const limit = Number(query.get('limit') ?? 100);
  const text = query.get('search')?.toLowerCase();
  let matching = invocations(log.events);
  const before = query.get('before');
  if (before) matching = matching.slice(matching.findIndex((one) => one.request_id === before) + 1);
  if (text) matching = matching.filter((one) => JSON.stringify(one).toLowerCase().includes(text));
  json(response, 200, { version: 1, invocations: matching.slice(0, limit).map(({ event, response: _, stack, logs, calls, ...one }) => one) });
}

function streamEvents(response, after) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const send = (event) => response.write(`event: ${event.kind}\nid: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`);
  log.events.filter((one) => one.id > after).forEach(send);
  response.write(': open\n\n');
  log.subscribers.add(send);
  response.on('close', () => log.subscribers.delete(send));
}

function handleGet(response, path, query) {
  const [first, id, third] = path;
  if (first === 'token') return json(response, 200, { version: 1, token });
  if (first === 'app') return json(response, 200, app);
  if (first === 'events') return streamEvents(response, Number(query.get('after') ?? 0));
  if (first === 'queue') return json(response, 200, { version: 1, events: [...simulation.queue.values()] });
  if (first === 'executions' && id === undefined) return json(response, 200, { version: 1, total: 0, executions: [], current_code: {} });
  if (first === 'traces') return json(response, 200, { version: 1, invocations: invocations(log.events).filter((one) => one.trace === id) });
  if (first === 'dev-events') {
    const found = log.events.filter((one) => (!query.get('kind') || one.kind === query.get('kind')) && (!query.get('worker') || one.worker === query.get('worker')));
    return json(response, 200, { version: 1, events: found.slice(-Number(query.get('limit') ?? 100)), last: log.lastId, is_all: true, missed: 0 });
  }
  if (first === 'invocations' && id === undefined) return listInvocations(response, query);
  const one = invocations(log.events).find((other) => other.request_id === id);
  if (first !== 'invocations' || !one) return sendError(response, 404, `no invocation \`${id}\` is stored`);
  if (third === 'event') return json(response, 200, one.event.json ?? one.event.text);
  return json(response, 200, { version: 1, invocation: one });
}

async function handlePost(request, response, path, query) {
  const text = await readBody(request);
  if (request.headers['x-bedrock-token'] !== token) return sendError(response, 403, 'the header `X-Bedrock-Token` must be the token of `GET /_bedrock/v1/token`');
  const [first, id, action] = path;
  if (first === 'invocations' && action === 'test') return json(response, 200, { version: 1, file: `tests/${id.slice(0, 8)}.rs`, content: '#[tokio::test]\nasync fn it_responds() {\n}\n' });
  if (first === 'queue') {
    const queued = simulation.queue.get(id);
    if (!queued) return sendError(response, 404, `no event \`${id}\` is pending or a dead letter`);
    simulation.queue.delete(id);
    log.publish('queue', { event_id: id, worker: queued.worker, state: action === 'drop' ? 'dropped' : 'retried', attempts: queued.attempts });
    if (action === 'retry') void simulation.accept({ worker: queued.worker, event: queued.event.json, id });
    return json(response, 200, { version: 1, event_id: id });
  }
  const replayed = action === 'replay' ? invocations(log.events).find((one) => one.request_id === id) : undefined;
  if (action === 'replay' && replayed === undefined) return sendError(response, 404, `no invocation \`${id}\` is stored`);
  if (replayed?.event.cut) return sendError(response, 410, `the event of the invocation \`${id}\` is no longer stored`);
  const [worker, event] = replayed ? [replayed.worker, replayed.event.json] : [id, JSON.parse(text || '{}')];
  if (query.get('mode') === 'event') {
    const request_id = randomUUID();
    void simulation.accept({ worker, event, id: request_id });
    return json(response, 202, { version: 1, request_id });
  }
  const result = await simulation.call({ worker, trace: randomUUID(), mode: 'sync', depth: 9, event });
  return json(response, 200, { version: 1, request_id: result.id, outcome: result.outcome, ...(result.outcome === 'ok' ? { response: event } : { error_type: result.error_type, message: result.message }) });
}

/** Forwards a request to the running `dev`, with its own host and origin, which `dev` requires. */
function proxy(incoming, outgoing) {
  const { host } = new URL(values.to);
  const headers = { ...incoming.headers, host };
  if (headers.origin) headers.origin = values.to;
  const forwarded = httpRequest(new URL(incoming.url, values.to), { method: incoming.method, headers }, (response) => {
    outgoing.writeHead(response.statusCode, response.headers);
    response.pipe(outgoing);
  });
  forwarded.on('error', () => outgoing.destroy());
  outgoing.on('close', () => forwarded.destroy());
  incoming.pipe(forwarded);
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, url);
  if (values.to && pathname.startsWith('/_')) return proxy(request, response);
  if (pathname.startsWith('/_bedrock/v1/')) {
    const path = pathname.slice(13).split('/').map(decodeURIComponent);
    return request.method === 'GET' ? handleGet(response, path, searchParams) : handlePost(request, response, path, searchParams);
  }
  if (pathname === '/_build') {
    simulation.build(searchParams.get('good') === '1');
    return response.end();
  }
  const file = FILES[pathname] ? pathname : '/index.html';
  response.writeHead(200, { 'content-type': `${FILES[pathname] ?? 'text/html'}; charset=utf-8`, 'content-security-policy': "default-src 'self'", 'cache-control': 'no-store' });
  response.end(await readFile(join(built, file)));
});

server.listen(Number(values.port), '127.0.0.1', async () => {
  console.log(url);
  if (values.to) return;
  log.publish('app_started', { name: app.name, url });
  simulation.delayFactor = 0;
  for (let n = 0; n < Number(values.fill); n += 1) await simulation.simulateRequest();
  simulation.delayFactor = 1;
  if (Number(values.rate) > 0) setInterval(() => void simulation.simulateRequest(), 1000 / Number(values.rate));
});
