#!/usr/bin/env bash
# guess: with `AWS_ENDPOINT_URL_SQS` set, for example to an emulator, each request of an SQS client goes to that address
# behaviour: the AWS SDK for JavaScript sends it to the host of the `QueueUrl`, without the path of the endpoint, and prints a
#   warning; a URL of a queue on AWS therefore means AWS. boto3 sends it to the endpoint. The option `endpoint` in the code, or
#   `useQueueUrlAsEndpoint: false`, which is documented, makes the SDK for JavaScript do the same.
# version: @aws-sdk/client-sqs 3.1175.0 (npm), boto3 1.43.106 (PyPI)
# date: 2026-11-30
# output:
#   JavaScript: queue's host /
#   boto3:      endpoint /base
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check boto3==1.43.106
npm install --silent --no-save --no-package-lock --ignore-scripts @aws-sdk/client-sqs@3.1175.0 > /dev/null
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
unset AWS_PROFILE AWS_ENDPOINT_URL AWS_IGNORE_CONFIGURED_ENDPOINT_URLS HTTP_PROXY http_proxy

cat > server.py <<'PYTHON'
"""Two servers: prints which of them gets the request of a command."""
import http.server
import os
import subprocess
import sys
import threading


class Sqs(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        print(names[self.server.server_port], self.path)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", "77")
        self.end_headers()
        self.wfile.write(b'{"MessageId": "1", "MD5OfMessageBody": "5d41402abc4b2a76b9719d911017c592"}'.ljust(77))

    def log_message(self, *_):
        pass


servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sqs) for _ in range(2)]
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
endpoint, queue = (server.server_port for server in servers)
names = {endpoint: "endpoint", queue: "queue's host"}
environment = {**os.environ, "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:%d/base" % endpoint}
url = "http://127.0.0.1:%d/123456789012/jobs" % queue
subprocess.run(sys.argv[1:] + [url], env=environment, check=True)
PYTHON
cat > send.py <<'PYTHON'
import sys

import boto3

boto3.client("sqs").send_message(QueueUrl=sys.argv[1], MessageBody="hello")
PYTHON
cat > send.mjs <<'JAVASCRIPT'
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

await new SQSClient({}).send(new SendMessageCommand({ QueueUrl: process.argv[2], MessageBody: 'hello' }));
JAVASCRIPT

javascript=$(venv/bin/python server.py node send.mjs 2> /dev/null)
boto3=$(venv/bin/python server.py venv/bin/python send.py)
echo "JavaScript: $javascript"
echo "boto3:      $boto3"
[ "$javascript" = "queue's host /" ]
[ "$boto3" = 'endpoint /base' ]
