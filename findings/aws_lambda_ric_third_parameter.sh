#!/usr/bin/env bash
# guess: an `async` handler of Node.js with a third parameter that it does not use works: it returns a promise and is no
#   handler with a callback
# behaviour: AWS's runtime refuses it before the first event, by the number of parameters that JavaScript counts. A third
#   parameter with a default value or `...rest` is not counted, and is accepted.
# version: aws-lambda-ric 4.0.2 (npm)
# date: 2026-11-29
# output:
#   (event, context):              response {"ok":true}
#   (event, context, callback):    error Runtime.CallbackHandlerDeprecated
#   (event, context, ...rest):     response {"ok":true}
#   (event, context, extra = {}):  response {"ok":true}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# Unpacked and not installed: installing compiles the half of the package that sends responses, for which `client.cjs` is used.
npm pack --silent aws-lambda-ric@4.0.2 > /dev/null
tar -xzf aws-lambda-ric-4.0.2.tgz

cat > main.cjs <<'JAVASCRIPT'
exports.plain = async (event, context) => ({ ok: true });
exports.callback = async (event, context, callback) => ({ ok: true });
exports.rest = async (event, context, ...rest) => ({ ok: true });
exports.extra = async (event, context, extra = {}) => ({ ok: true });
JAVASCRIPT
cat > client.cjs <<'JAVASCRIPT'
// In place of the compiled half: posts responses and errors to the Runtime API.
const http = require('node:http');
const Module = require('node:module');

const post = (path, body) => {
  const url = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/${path}`;
  http.request(url, { method: 'POST' }).end(body);
};
const client = { done: (id, body) => post(`${id}/response`, body), error: (id, body) => post(`${id}/error`, body) };
const load = Module._load;
Module._load = (request, ...rest) => (request === './rapid-client.node' ? client : load(request, ...rest));
JAVASCRIPT
cat > runtime_api.mjs <<'JAVASCRIPT'
// The Runtime API for one invocation: starts the runtime with a handler and prints what it posts first.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';

let isTaken = false;
const server = createServer(async (request, response) => {
  if (request.method === 'GET') {
    if (isTaken) return; // There is no second event.
    isTaken = true;
    response.writeHead(200, {
      'Lambda-Runtime-Aws-Request-Id': '1',
      'Lambda-Runtime-Deadline-Ms': '4102444800000',
      'Lambda-Runtime-Invoked-Function-Arn': 'arn:aws:lambda:us-east-1:123456789012:function:f',
      'Content-Type': 'application/json',
    });
    response.end('{}');
    return;
  }
  let body = '';
  for await (const part of request) body += part;
  response.writeHead(202).end();
  console.log(request.url.endsWith('/response') ? `response ${body}` : `error ${JSON.parse(body).errorType}`);
  runtime.kill();
  process.exit();
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const environment = {
  ...process.env,
  AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${server.address().port}`,
  AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1: 'true',
  AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
  AWS_LAMBDA_FUNCTION_NAME: 'f',
  AWS_LAMBDA_FUNCTION_VERSION: '1',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
  AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/f',
  AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
  LAMBDA_TASK_ROOT: process.cwd(),
  _HANDLER: `main.${process.argv[2]}`,
};
const arguments_ = ['--require', './client.cjs', 'package/index.mjs'];
const runtime = spawn(process.execPath, arguments_, { env: environment, stdio: 'ignore' });
JAVASCRIPT

plain=$(node runtime_api.mjs plain)
callback=$(node runtime_api.mjs callback)
rest=$(node runtime_api.mjs rest)
extra=$(node runtime_api.mjs extra)
echo "(event, context):              $plain"
echo "(event, context, callback):    $callback"
echo "(event, context, ...rest):     $rest"
echo "(event, context, extra = {}):  $extra"
[ "$plain" = 'response {"ok":true}' ]
[ "$callback" = 'error Runtime.CallbackHandlerDeprecated' ]
[ "$rest" = "$plain" ]
[ "$extra" = "$plain" ]
