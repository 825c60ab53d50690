#!/usr/bin/env bash
# guess: what Lambda logs of an exception that a handler raises is what the language prints for one that nothing catches: with its cause
#   (`raise … from …`, `new Error(…, { cause })`), and for a group of errors (`asyncio.TaskGroup`, `Promise.any`) with each of them
# behaviour: AWS's runtimes for Python and Node.js log and report only the outer error: of a task group the text "unhandled errors in a
#   TaskGroup (1 sub-exception)", and of `Promise.any` "All promises were rejected". What went wrong is in no log, unless the handler logs
#   it itself.
# version: awslambdaric 4.2.2 (PyPI, Python 3.11 or newer), aws-lambda-ric 4.0.2 (npm)
# date: 2026-11-30
# output:
#   Python, cause:  the interpreter prints the cause, the runtime does not
#   Python, group:  the interpreter prints the cause, the runtime does not
#   Node.js, cause: the interpreter prints the cause, the runtime does not
#   Node.js, group: the interpreter prints the cause, the runtime does not
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check awslambdaric==4.2.2
# Unpacked and not installed: installing compiles the half of the package that sends responses, for which `client.cjs` is used.
npm pack --silent aws-lambda-ric@4.0.2 > /dev/null
tar -xzf aws-lambda-ric-4.0.2.tgz

cat > main.py <<'PYTHON'
import asyncio


async def query():
    raise ConnectionError("database is gone")


def cause(event, context):
    try:
        asyncio.run(query())
    except ConnectionError as error:
        raise RuntimeError("order is not stored") from error


def group(event, context):
    async def queries():
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(query())

    asyncio.run(queries())
PYTHON
cat > main.cjs <<'JAVASCRIPT'
const query = async () => {
  throw new Error('database is gone');
};
exports.cause = async (event, context) => {
  await query().catch((error) => {
    throw new Error('order is not stored', { cause: error });
  });
};
exports.group = async (event, context) => {
  await Promise.any([query()]);
};
JAVASCRIPT
cat > client.cjs <<'JAVASCRIPT'
// In place of the compiled half: posts errors to the Runtime API.
const http = require('node:http');
const Module = require('node:module');

const post = (id, body) => {
  const url = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/${id}/error`;
  http.request(url, { method: 'POST' }).end(body);
};
const load = Module._load;
Module._load = (request, ...rest) => (request === './rapid-client.node' ? { error: post } : load(request, ...rest));
JAVASCRIPT
cat > runtime_api.py <<'PYTHON'
"""The Runtime API for one invocation: starts the runtime with a handler, and prints its log and the error that it posts."""
import http.server
import os
import subprocess
import sys
import threading

answered = threading.Event()


class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if answered.is_set():
            return  # There is no second event.
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "1")
        self.send_header("Lambda-Runtime-Deadline-Ms", "4102444800000")
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:f")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_POST(self):
        print(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        answered.set()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()
environment = {
    **os.environ,
    "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % server.server_port,
    "AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1": "true",
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
    "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
    "LAMBDA_TASK_ROOT": os.getcwd(),
    "_HANDLER": sys.argv[1],
}
with open("log", "w+") as log:
    runtime = subprocess.Popen(sys.argv[2:], env=environment, stdout=log, stderr=log)
    answered.wait(30)
    runtime.kill()
    runtime.wait()
    log.seek(0)
    print(log.read())
PYTHON

# Prints whether an output that has the outer error also has the error that it was caused by.
has_cause() {
  if ! grep -q "order is not stored\|unhandled errors in a TaskGroup\|All promises were rejected" "$1"; then
    echo "prints no error"
  elif grep -q "database is gone" "$1"; then
    echo "prints the cause"
  else
    echo "does not"
  fi
}
for name in cause group; do
  PYTHONPATH=. venv/bin/python -c "import main; main.$name(None, None)" 2> python || true
  venv/bin/python runtime_api.py "main.$name" venv/bin/python -m awslambdaric "main.$name" > lambda
  printf '%-15s the interpreter %s, the runtime %s\n' "Python, $name:" "$(has_cause python)" "$(has_cause lambda)"
done > seen
for name in cause group; do
  node -e "require('./main.cjs').$name(null, null)" 2> node || true
  venv/bin/python runtime_api.py "main.$name" node --require ./client.cjs package/index.mjs > lambda
  printf '%-15s the interpreter %s, the runtime %s\n' "Node.js, $name:" "$(has_cause node)" "$(has_cause lambda)"
done >> seen
cat seen
diff seen - <<'SEEN'
Python, cause:  the interpreter prints the cause, the runtime does not
Python, group:  the interpreter prints the cause, the runtime does not
Node.js, cause: the interpreter prints the cause, the runtime does not
Node.js, group: the interpreter prints the cause, the runtime does not
SEEN
