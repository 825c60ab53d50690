#!/usr/bin/env bash
# guess: a Python function on Lambda that returns a namedtuple answers with a JSON array, as `json.dumps` writes it
# behaviour: AWS's runtime writes an object whose keys are the names of the fields: it encodes with simplejson, not with json
# version: awslambdaric 4.2.2 (PyPI)
# date: 2026-11-29
# output:
#   json.dumps:   ["Tau Ceti", 4]
#   awslambdaric: {"name": "Tau Ceti", "planets": 4}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check awslambdaric==4.2.2

cat > "$folder/main.py" <<'PYTHON'
import collections

System = collections.namedtuple("System", "name planets")


def handler(event, context):
    return System("Tau Ceti", 4)
PYTHON

cat > "$folder/runtime_api.py" <<'PYTHON'
"""The Runtime API for one invocation: starts the runtime, hands it an event, prints the body of its response."""
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
        print(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        answered.set()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()
folder = os.path.dirname(os.path.abspath(__file__))
environment = {
    **os.environ,
    "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % server.server_port,
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "LAMBDA_TASK_ROOT": folder,
    "PYTHONPATH": folder,
}
runtime = subprocess.Popen([sys.executable, "-m", "awslambdaric", "main.handler"], env=environment, cwd=folder)
is_answered = answered.wait(30)
runtime.kill()
sys.exit(0 if is_answered else 1)
PYTHON

stdlib=$(cd "$folder" && python3 -c 'import json, main; print(json.dumps(main.handler({}, None)))')
runtime=$("$folder/venv/bin/python" "$folder/runtime_api.py")
echo "json.dumps:   $stdlib"
echo "awslambdaric: $runtime"
[ "$stdlib" = '["Tau Ceti", 4]' ]
[ "$runtime" = '{"name": "Tau Ceti", "planets": 4}' ]
