// Replaces the native addon of AWS's runtime for Node.js, which only posts results to the Runtime API. It is preloaded,
// so that the unmodified JavaScript part needs no C++ compiler. The JavaScript part fetches events itself. Like the addon,
// it returns when a result is posted, and throws `Wrong arguments` for what is not text.
'use strict';

const Module = require('node:module');
const { Worker } = require('node:worker_threads');

const load = Module._load;
Module._load = function (request, ...rest) {
  return request === './rapid-client.node' ? client : load.call(this, request, ...rest);
};

const client = {
  done: (id, body) => post(`${id}/response`, body),
  error: (id, body) => post(`${id}/error`, body),
};

// Posts what it receives, while this thread waits for it.
const POSTER = `
  const http = require('node:http');
  require('node:worker_threads').parentPort.on('message', ({ url, body, isPosted }) => {
    const done = () => Atomics.notify(isPosted, 0, Atomics.add(isPosted, 0, 1) + 1);
    const headers = { 'Content-Length': Buffer.byteLength(body) };
    const request = http.request(url, { method: 'POST', headers }, (response) => response.resume().on('end', done));
    request.on('error', done).end(body);
  });`;
let poster = null;

function post(path, body) {
  if (typeof body !== 'string') throw new TypeError('Wrong arguments');
  const url = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/${path}`;
  const isPosted = new Int32Array(new SharedArrayBuffer(4));
  // Without the options of the process: they would load this file again.
  poster ??= new Worker(POSTER, { eval: true, execArgv: [], stdout: true, stderr: true });
  poster.unref();
  poster.postMessage({ url, body, isPosted });
  Atomics.wait(isPosted, 0, 0);
}
