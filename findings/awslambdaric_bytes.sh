#!/usr/bin/env bash
# guess: a Python function on Lambda that returns `bytes` fails, because `bytes` are no JSON, as `json.dumps` says
# behaviour: AWS's runtime sends them as they are: `return orjson.dumps(…)` is answered as JSON, not as a text with JSON in it, and
#   other bytes become a response that is not JSON. Inside a list or a dictionary `bytes` become a text.
# version: awslambdaric 4.2.2, orjson 3.11.4 (PyPI)
# date: 2026-11-30
# output:
#   orjson.dumps({"name": "Ada"}):  application/unknown {"name":"Ada"}
#   b"name,planets":                application/unknown name,planets
#   [b"name,planets"]:              application/json ["name,planets"]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check awslambdaric==4.2.2 orjson==3.11.4

cat > main.py <<'PYTHON'
import orjson


def document(event, context):
    return orjson.dumps({"name": "Ada"})


def table(event, context):
    return b"name,planets"


def inside(event, context):
    return [b"name,planets"]
PYTHON
cat > runtime_api.py <<'PYTHON'
"""The Runtime API for one invocation: starts the runtime with a handler and prints what it posts."""
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
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        print(self.headers["Content-Type"], body)
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
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "LAMBDA_TASK_ROOT": os.getcwd(),
    "PYTHONPATH": os.getcwd(),
}
command = [sys.executable, "-m", "awslambdaric", "main." + sys.argv[1]]
runtime = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
is_answered = answered.wait(30)
runtime.kill()
sys.exit(0 if is_answered else 1)
PYTHON

document=$(venv/bin/python runtime_api.py document)
table=$(venv/bin/python runtime_api.py table)
inside=$(venv/bin/python runtime_api.py inside)
echo "orjson.dumps({\"name\": \"Ada\"}):  $document"
echo "b\"name,planets\":                $table"
echo "[b\"name,planets\"]:              $inside"
[ "$document" = 'application/unknown {"name":"Ada"}' ]
[ "$table" = 'application/unknown name,planets' ]
[ "$inside" = 'application/json ["name,planets"]' ]
