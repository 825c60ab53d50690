#!/usr/bin/env bash
# guess: the `errorType` that a caller sees of a Python exception is the name of its class, and stays the same when the function
#   becomes durable
# behaviour: a durable function reports the name with the module (`billing.CardDeclined`), except for exceptions that are built
#   into Python; AWS's runtime reports only the name of the class
# version: aws-durable-execution-sdk-python 3.0.0, awslambdaric 4.2.2 (PyPI, Python 3.11 or newer)
# date: 2026-11-30
# output:
#   CardDeclined: runtime CardDeclined, durable billing.CardDeclined
#   KeyError: runtime KeyError, durable KeyError
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check aws-durable-execution-sdk-python==3.0.0 awslambdaric==4.2.2

cat > billing.py <<'PYTHON'
class CardDeclined(Exception):
    pass


def bill(event, context):
    raise CardDeclined("no money") if event["card"] else KeyError("card")
PYTHON
cat > durable.py <<'PYTHON'
import json
import sys
import types

import billing
from aws_durable_execution_sdk_python import durable_execution

execution = {"Id": "b", "Type": "EXECUTION", "Status": "STARTED", "StartTimestamp": 1796000000000}
execution["ExecutionDetails"] = {"InputPayload": json.dumps({"card": sys.argv[1] == "CardDeclined"})}
event = {
    "DurableExecutionArn": "arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/a/b",
    "CheckpointToken": "t",
    "InitialExecutionState": {"Operations": [execution]},
}
# In place of Lambda: accepts each checkpoint.
client = types.SimpleNamespace(checkpoint_durable_execution=lambda **_: {"CheckpointToken": "next"})
context = types.SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 60000)
print(durable_execution(billing.bill, boto3_client=client)(event, context)["Error"]["ErrorType"])
PYTHON
cat > runtime_api.py <<'PYTHON'
"""The Runtime API for one invocation: starts AWS's runtime with the handler, prints the type of the error it posts."""
import http.server
import json
import os
import subprocess
import sys
import threading

answered = threading.Event()
event = json.dumps({"card": sys.argv[1] == "CardDeclined"}).encode()


class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if answered.is_set():
            return  # There is no second event.
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "1")
        self.send_header("Lambda-Runtime-Deadline-Ms", "4102444800000")
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:f")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(event)))
        self.end_headers()
        self.wfile.write(event)

    def do_POST(self):
        print(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["errorType"])
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
command = [sys.executable, "-m", "awslambdaric", "billing.bill"]
runtime = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
is_answered = answered.wait(30)
runtime.kill()
sys.exit(0 if is_answered else 1)
PYTHON

types() { # EXCEPTION: its types
  echo "runtime $(venv/bin/python runtime_api.py "$1"), durable $(venv/bin/python durable.py "$1" 2> /dev/null)"
}
own=$(types CardDeclined)
builtin=$(types KeyError)
echo "CardDeclined: $own"
echo "KeyError: $builtin"
[ "$own" = 'runtime CardDeclined, durable billing.CardDeclined' ]
[ "$builtin" = 'runtime KeyError, durable KeyError' ]
