// Serves the built dashboard over a made-up `cargo bedrock dev`: `node dev/serve.mjs --port 7100 --workers 9 --rate 2 --fill 500`;
// or, with `--to http://127.0.0.1:7070`, over the one that runs there. For looking at the dashboard while one changes it.

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, request as ask } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Stream, invocations } from './stream.mjs';
import { World, appOf } from './world.mjs';

const { values } = parseArgs({ options: { port: { type: 'string', default: '7100' }, workers: { type: 'string', default: '9' }, rate: { type: 'string', default: '2' }, fill: { type: 'string', default: '0' }, to: { type: 'string' } } });
const built = join(dirname(fileURLToPath(import.meta.url)), '../../bedrock-dev/dashboard');
const url = `http://127.0.0.1:${values.port}`;
const app = appOf(Number(values.workers), url);
const stream = new Stream();
const world = new World(app, stream);
const token = randomUUID();
const FILES = { '/app.js': 'text/javascript', '/app.css': 'text/css', '/icon.svg': 'image/svg+xml' };

const json = (response, status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const refuse = (response, status, message) => json(response, status, { error: { message } });

const body = async (request) => {
  let text = '';
  for await (const part of request) text += part;
  return text;
};

function listed(response, query) {
  const most = Number(query.get('limit') ?? 100);
  const text = query.get('search')?.toLowerCase();
  let all = invocations(stream.kept);
  const before = query.get('before');
  if (before) all = all.slice(all.findIndex((one) => one.request_id === before) + 1);
  if (text) all = all.filter((one) => JSON.stringify(one).toLowerCase().includes(text));
  json(response, 200, { version: 1, invocations: all.slice(0, most).map(({ event, response: _, stack, logs, calls, ...one }) => one) });
}

function follow(response, after) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const send = (one) => response.write(`event: ${one.kind}\nid: ${one.id}\ndata: ${JSON.stringify(one)}\n\n`);
  stream.kept.filter((one) => one.id > after).forEach(send);
  response.write(': open\n\n');
  stream.readers.add(send);
  response.on('close', () => stream.readers.delete(send));
}

function read(response, path, query) {
  const [first, id, third] = path;
  if (first === 'token') return json(response, 200, { version: 1, token });
  if (first === 'app') return json(response, 200, app);
  if (first === 'events') return follow(response, Number(query.get('after') ?? 0));
  if (first === 'queue') return json(response, 200, { version: 1, events: [...world.queue.values()] });
  if (first === 'traces') return json(response, 200, { version: 1, invocations: invocations(stream.kept).filter((one) => one.trace === id) });
  if (first === 'happenings') {
    const found = stream.kept.filter((one) => (!query.get('kind') || one.kind === query.get('kind')) && (!query.get('worker') || one.worker === query.get('worker')));
    return json(response, 200, { version: 1, happenings: found.slice(-Number(query.get('limit') ?? 100)), last: stream.last(), is_all: true, missed: 0 });
  }
  if (first === 'invocations' && id === undefined) return listed(response, query);
  const one = invocations(stream.kept).find((other) => other.request_id === id);
  if (first !== 'invocations' || !one) return refuse(response, 404, `no invocation \`${id}\` is kept`);
  if (third === 'event') return json(response, 200, one.event.json ?? one.event.text);
  return json(response, 200, { version: 1, invocation: one });
}

async function change(request, response, path, query) {
  const text = await body(request);
  if (request.headers['x-bedrock-token'] !== token) return refuse(response, 403, 'the header `X-Bedrock-Token` must be the token of `GET /_bedrock/v1/token`');
  const [first, id, what] = path;
  if (first === 'invocations' && what === 'test') return json(response, 200, { version: 1, file: `tests/${id.slice(0, 8)}.rs`, content: '#[tokio::test]\nasync fn it_answers() {\n}\n' });
  if (first === 'queue') {
    const kept = world.queue.get(id);
    if (!kept) return refuse(response, 404, `no event \`${id}\` waits or was given up`);
    world.queue.delete(id);
    stream.publish('queue', { event_id: id, worker: kept.worker, state: what === 'drop' ? 'dropped' : 'retried', attempts: kept.attempts });
    if (what === 'retry') void world.accept({ worker: kept.worker, event: kept.event.json, id });
    return json(response, 200, { version: 1, event_id: id });
  }
  const again = what === 'replay' ? invocations(stream.kept).find((one) => one.request_id === id) : undefined;
  if (what === 'replay' && again === undefined) return refuse(response, 404, `no invocation \`${id}\` is kept`);
  if (again?.event.cut) return refuse(response, 410, `the event of the invocation \`${id}\` is not kept any more`);
  const [worker, event] = again ? [again.worker, again.event.json] : [id, JSON.parse(text || '{}')];
  if (query.get('mode') === 'event') {
    const request_id = randomUUID();
    void world.accept({ worker, event, id: request_id });
    return json(response, 202, { version: 1, request_id });
  }
  const came = await world.call({ worker, trace: randomUUID(), mode: 'sync', depth: 9, event });
  return json(response, 200, { version: 1, request_id: came.id, outcome: came.outcome, ...(came.outcome === 'ok' ? { response: event } : { error_type: came.error_type, message: came.message }) });
}

/** Hands a request to the real one, which answers only those that name it. */
function passOn(incoming, outgoing) {
  const { host } = new URL(values.to);
  const headers = { ...incoming.headers, host };
  if (headers.origin) headers.origin = values.to;
  const asked = ask(new URL(incoming.url, values.to), { method: incoming.method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.pipe(outgoing);
  });
  asked.on('error', () => outgoing.destroy());
  outgoing.on('close', () => asked.destroy());
  incoming.pipe(asked);
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, url);
  if (values.to && pathname.startsWith('/_')) return passOn(request, response);
  if (pathname.startsWith('/_bedrock/v1/')) {
    const path = pathname.slice(13).split('/').map(decodeURIComponent);
    return request.method === 'GET' ? read(response, path, searchParams) : change(request, response, path, searchParams);
  }
  if (pathname === '/_build') {
    world.build(searchParams.get('good') === '1');
    return response.end();
  }
  const file = FILES[pathname] ? pathname : '/index.html';
  response.writeHead(200, { 'content-type': `${FILES[pathname] ?? 'text/html'}; charset=utf-8`, 'content-security-policy': "default-src 'self'", 'cache-control': 'no-store' });
  response.end(await readFile(join(built, file)));
});

server.listen(Number(values.port), '127.0.0.1', async () => {
  console.log(url);
  if (values.to) return;
  stream.publish('app_started', { name: app.name, url });
  world.hold = 0;
  for (let n = 0; n < Number(values.fill); n += 1) await world.request();
  world.hold = 1;
  if (Number(values.rate) > 0) setInterval(() => void world.request(), 1000 / Number(values.rate));
});
