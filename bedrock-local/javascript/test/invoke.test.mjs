// Tests of local `invoke` of worker.js: its requests to the app's Lambda API and its handling of each response.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';
import { Host, WORKER_JS, probe } from './driver.mjs';

// Makes the call of the event and returns its result, an error as its properties.
const BODY = `
    try {
      const value = await invoke(...event);
      return { value, isUndefined: value === undefined };
    } catch (e) {
      const { name, message, errorType, errorMessage, trace, status = null, mayHaveRun } = e;
      const isOurs = e instanceof InvocationError;
      return { error: { name, message, errorType, errorMessage, trace, status, mayHaveRun, isOurs } };
    }`;

/**
 * Starts a server that records requests and responds with `respond(response, body, request)`, and a host that calls it.
 */
async function api(respond) {
  const requests = [];
  const sockets = new Set();
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    requests.push({ method: request.method, url: request.url, headers: request.headers, body });
    respond(response, body, request);
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${server.address().port}`;
  const host = await new Host({ files: probe(BODY), env: { AWS_ENDPOINT_URL_LAMBDA: url } }).ready();
  return { host, requests, sockets, server };
}

const json = (response, status, headers, value) =>
  response.writeHead(status, headers).end(value === undefined ? '' : JSON.stringify(value));

test('call with response matches the protocol and returns the response', async () => {
  const { host, requests } = await api((response, body) => json(response, 200, {}, { got: JSON.parse(body) }));
  const deadline = Date.now() + 20000;
  const answer = await host.call(['system_fetcher', { name: 'Sölden' }, true], {
    trace: 'Root=1-a;Sampled=1',
    deadline,
  });
  assert.deepEqual(answer.value, { got: { name: 'Sölden' } });
  const [{ method, url, headers }] = requests;
  assert.equal(method, 'POST');
  assert.equal(url, '/2015-03-31/functions/system_fetcher/invocations');
  assert.equal(headers['x-amz-invocation-type'], 'RequestResponse');
  assert.equal(headers['x-amzn-trace-id'], 'Root=1-a;Sampled=1');
  assert.equal(headers['x-bedrock-deadline-ms'], String(deadline));
  assert.equal(headers.authorization, 'Bedrock key-of-the-app');
  assert.equal(headers['content-length'], String(Buffer.byteLength('{"name":"Sölden"}')));
});

test('headers belong to the calling invocation', async () => {
  const { host, requests } = await api((response) => json(response, 200, {}, 1));
  await host.call(['w', {}, true], { trace: 'Root=1-a', deadline: 1000 });
  await host.call(['w', {}, true], { trace: '', deadline: 2000 });
  assert.deepEqual(
    requests.map(({ headers }) => [headers['x-amzn-trace-id'], headers['x-bedrock-deadline-ms']]),
    [
      ['Root=1-a', '1000'],
      [undefined, '2000'],
    ],
  );
});

test('call without response is an Event and returns undefined', async () => {
  const { host, requests } = await api((response) => json(response, 202, {}));
  assert.deepEqual(await host.call(['w', {}]), { isUndefined: true });
  assert.equal(requests[0].headers['x-amz-invocation-type'], 'Event');
});

test('ARN is percent-encoded', async () => {
  const { host, requests } = await api((response) => json(response, 200, {}, 1));
  await host.call(['arn:aws:lambda:eu-west-1:1:function:any/ü', null, true]);
  assert.equal(
    requests[0].url,
    '/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Aany%2F%C3%BC/invocations',
  );
});

test('empty response is null and invalid JSON is an error', async () => {
  let text = '';
  const { host } = await api((response) => response.writeHead(200).end(text));
  assert.deepEqual((await host.call(['w', {}, true])).value, null);
  text = '<html>';
  const { error } = await host.call(['w', {}, true]);
  assert.deepEqual([error.errorType, error.mayHaveRun, error.status], ['InvalidResponse', true, 200]);
});

test('large requests and responses reuse the connection', async () => {
  const { host, sockets } = await api((response, body) => response.writeHead(200).end(body));
  const payload = 'ü'.repeat(3 * 1024 * 1024 - 1);
  assert.equal((await host.call(['w', payload, true])).value, payload);
  for (let i = 0; i < 5; i++) await host.call(['w', i, true]);
  assert.equal(sockets.size, 1);
});

test('function error has the fields of any language', async () => {
  const bodies = [
    { errorType: 'KeyError', errorMessage: "'width'", stackTrace: ['  File "main.py", line 14'] },
    { errorType: 'TypeError', errorMessage: 'no', trace: ['TypeError: no', '    at x'] },
    { errorType: 'resizer::Error', errorMessage: 'rust' },
    'just text',
    null,
  ];
  let next = 0;
  const { host } = await api((response) =>
    json(response, 200, { 'X-Amz-Function-Error': 'Unhandled' }, bodies[next++]),
  );
  const errors = [];
  for (const _ of bodies) errors.push((await host.call(['captioner', {}, true])).error);
  assert.deepEqual(errors[0], {
    name: 'InvocationError',
    message: "worker `captioner` failed: KeyError: 'width'",
    errorType: 'KeyError',
    errorMessage: "'width'",
    trace: ['  File "main.py", line 14'],
    status: 200,
    mayHaveRun: true,
    isOurs: true,
  });
  assert.deepEqual(errors[1].trace, ['TypeError: no', '    at x']);
  assert.deepEqual([errors[2].errorType, errors[2].trace], ['resizer::Error', []]);
  assert.deepEqual([errors[3].errorType, errors[3].errorMessage], ['Error', '"just text"']);
  assert.deepEqual([errors[4].errorType, errors[4].errorMessage], ['Error', 'null']);
});

test('service error has type and status and only 5xx may have run', async () => {
  const cases = [
    [404, 'ResourceNotFoundException', false],
    [429, 'TooManyRequestsException', false],
    [413, 'RequestTooLargeException', false],
    [409, 'ResourceConflictException', false],
    [500, 'ServiceException', true],
    [503, undefined, true],
  ];
  let next = 0;
  const { host, requests } = await api((response) => {
    const [status, type] = cases[next++];
    json(response, status, type ? { 'x-amzn-ErrorType': `${type}:http://internal/` } : {}, {
      Type: 'User',
      message: `no: ${status}`,
    });
  });
  for (const [status, type, mayHaveRun] of cases) {
    const { error } = await host.call(['w', {}, true]);
    assert.deepEqual(
      [error.errorType, error.errorMessage, error.status, error.mayHaveRun],
      [type ?? `HTTP ${status}`, `no: ${status}`, status, mayHaveRun],
    );
  }
  assert.equal(requests.length, cases.length);
});

test('rejected Event is an error', async () => {
  const { host } = await api((response) =>
    json(response, 404, { 'x-amzn-ErrorType': 'ResourceNotFoundException' }, { message: 'no such worker' }),
  );
  const { error } = await host.call(['missing', {}]);
  assert.equal(error.message, 'worker `missing` failed: ResourceNotFoundException: no such worker');
});

test('refused connection reports that nothing ran', async () => {
  const { host, server, requests } = await api(() => {});
  server.close();
  server.closeAllConnections();
  const { error } = await host.call(['w', {}, true]);
  assert.deepEqual(
    [error.errorType, error.mayHaveRun, error.status, requests.length],
    ['ECONNREFUSED', false, null, 0],
  );
});

test('connection closed after the request is not retried', async () => {
  const { host, requests } = await api((response, _, request) => request.socket.destroy());
  const { error } = await host.call(['w', {}, true]);
  assert.deepEqual([error.errorType, error.mayHaveRun], ['ECONNRESET', true]);
  assert.equal(requests.length, 1);
});

test('reused connection closed at the next request is not retried', async () => {
  let count = 0;
  const { host, requests } = await api((response, _, request) =>
    count++ === 0 ? json(response, 200, {}, 1) : request.socket.destroy(),
  );
  assert.equal((await host.call(['w', {}, true])).value, 1);
  const { error } = await host.call(['w', {}, true]);
  assert.deepEqual([error.errorType, error.mayHaveRun, requests.length], ['ECONNRESET', true, 2]);
});

test('truncated response is an error that may have run', async () => {
  const { host } = await api((response) => {
    response.writeHead(200, { 'Content-Length': '100' });
    response.write('{"half":', () => response.socket.destroy());
  });
  const { error } = await host.call(['w', {}, true]);
  assert.deepEqual([error.isOurs, error.mayHaveRun], [true, true]);
});

test('uncaught InvocationError is the error of its worker', async () => {
  const { server } = await api((response) =>
    json(response, 200, { 'X-Amz-Function-Error': 'Unhandled' }, { errorType: 'KeyError', errorMessage: 'x' }),
  );
  const host = await new Host({
    files: probe(`return await invoke('inner', {}, true);`),
    env: { AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${server.address().port}` },
  }).ready();
  const { kind, body } = await host.invoke({});
  assert.deepEqual(
    [kind, body.errorType, body.errorMessage],
    ['ERROR', 'InvocationError', 'worker `inner` failed: KeyError: x'],
  );
});

// The other tests need no host: worker.js is an ordinary module.
const { invoke, InvocationError, Worker } = createRequire(import.meta.url)(WORKER_JS);

test('unserializable payload is a TypeError before sending', async () => {
  const ring = {};
  ring.ring = ring;
  const cases = [
    1n,
    ring,
    undefined,
    () => 1,
    Symbol('s'),
    { toJSON: () => undefined },
    {
      toJSON() {
        throw new Error('no');
      },
    },
  ];
  for (const payload of cases) {
    await assert.rejects(
      invoke('w', payload, true),
      (error) => error instanceof TypeError && /the payload for worker `w` cannot be JSON: /.test(error.message),
    );
  }
});

test('oversized payload error has size and limit before sending', async () => {
  const refused = (requireResponse, size, limit) =>
    assert.rejects(invoke('w', 'x'.repeat(size - 2), requireResponse), (error) => {
      assert.ok(error instanceof InvocationError);
      assert.deepEqual([error.errorType, error.mayHaveRun], ['PayloadTooLarge', false]);
      assert.match(error.message, new RegExp(`${size} bytes.* ${limit}$`));
      return true;
    });
  await refused(true, 6291457, 6291456);
  await refused(false, 1048577, 1048576);
});

test('payload of exactly the limit is sent', async () => {
  const { host, requests } = await api((response) =>
    json(response, requests.length === 1 ? 200 : 202, {}, requests.length === 1 ? 1 : undefined),
  );
  await host.call(['w', 'x'.repeat(6291454), true]);
  await host.call(['w', 'x'.repeat(1048574)]);
  assert.deepEqual(
    requests.map(({ body }) => body.length),
    [6291456, 1048576],
  );
});

test('handle returns the result of execute', async () => {
  class Doubler extends Worker {
    async execute(event, context) {
      return [event * 2, context.x];
    }
  }
  assert.deepEqual(await new Doubler().handle(2, { x: 1 }), [4, 1]);
});
