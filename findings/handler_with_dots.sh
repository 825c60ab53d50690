#!/usr/bin/env bash
# guess: the text after the last dot of Lambda's handler is the name of the function, and what is before it is the file, so that the handler of
#   the file `orders.create.mjs` is `orders.create.handler`, as it is in Python for the module `orders.create`
# behaviour: AWS's runtime for Node.js divides at the first dot, and looks for the file `orders.mjs`, in it for the export `create`, and in that
#   for the member `handler`. A file whose name has a dot cannot be named as a handler; a bundler must rename it. AWS's runtime for
#   Python divides at the last dot.
# version: aws-lambda-ric 4.0.2 (npm), awslambdaric 4.2.2 (PyPI)
# date: 2026-11-30
# output:
#   orders.create.handler  Node.js, orders.create.mjs:           error Runtime.ImportModuleError
#   orders.create.handler  Node.js, `create.handler` in orders:  response "object"
#   orders.create.handler  Python, orders/create.py:             "module"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check awslambdaric==4.2.2

# Unpacked and not installed: installing compiles the half of the package that sends responses, for which `client.cjs` is used.
npm pack --silent aws-lambda-ric@4.0.2 > /dev/null
tar -xzf aws-lambda-ric-4.0.2.tgz

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
  _HANDLER: 'orders.create.handler',
};
const arguments_ = ['--require', './client.cjs', 'package/index.mjs'];
const runtime = spawn(process.execPath, arguments_, { env: environment, stdio: 'ignore' });
JAVASCRIPT
cat > main.py <<'PYTHON'
from awslambdaric.bootstrap import _get_handler
from awslambdaric.lambda_runtime_marshaller import to_json

print(to_json(_get_handler("orders.create.handler")({}, None)))
PYTHON

{
  echo "export const handler = async () => 'file';" > orders.create.mjs
  printf 'orders.create.handler  Node.js, orders.create.mjs:           %s\n' "$(node runtime_api.mjs)"
  echo "export const create = { handler: async () => 'object' };" > orders.mjs
  printf 'orders.create.handler  Node.js, `create.handler` in orders:  %s\n' "$(node runtime_api.mjs)"
  mkdir orders
  echo 'handler = lambda event, context: "module"' > orders/create.py
  printf 'orders.create.handler  Python, orders/create.py:             %s\n' "$(venv/bin/python main.py)"
} | tee seen
diff seen - <<'SEEN'
orders.create.handler  Node.js, orders.create.mjs:           error Runtime.ImportModuleError
orders.create.handler  Node.js, `create.handler` in orders:  response "object"
orders.create.handler  Python, orders/create.py:             "module"
SEEN
