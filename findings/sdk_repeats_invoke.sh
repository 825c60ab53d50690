#!/usr/bin/env bash
# guess: a synchronous Invoke whose connection is closed before the response is an error for the caller, who decides whether
#   to call again: the function has run, and Lambda does not recognise a repetition
# behaviour: both SDKs send the Invoke again by themselves, boto3 four times more and the SDK for JavaScript two times more,
#   so the function runs five times and three times; the SDK for JavaScript then reports a timeout, though nothing timed out
# version: boto3 1.43.106 (PyPI), @aws-sdk/client-lambda 3.1164.0 (npm)
# date: 2026-11-29
# output:
#   boto3: 5 requests, ConnectionClosedError
#   JavaScript: 3 requests, TimeoutError
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check boto3==1.43.106
npm install --silent --no-save --no-package-lock --ignore-scripts --prefix "$folder" @aws-sdk/client-lambda@3.1164.0 > /dev/null
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
unset AWS_PROFILE AWS_RETRY_MODE AWS_MAX_ATTEMPTS HTTP_PROXY http_proxy

cat > "$folder/server.py" <<'PYTHON'
"""Counts the requests to a server that reads each one completely and then closes the connection, while a command runs."""
import socket
import subprocess
import sys
import threading

requests = 0


def serve(listener):
    global requests
    while True:
        connection, _ = listener.accept()
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, body = data.split(b"\r\n\r\n", 1)
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        while len(body) < length:
            body += connection.recv(65536)
        requests += 1
        connection.close()


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(listener,), daemon=True).start()
url = "http://127.0.0.1:%d" % listener.getsockname()[1]
error = subprocess.run(sys.argv[1:] + [url], stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
print("%d requests, %s" % (requests, error))
PYTHON
cat > "$folder/call.py" <<'PYTHON'
import sys

import boto3
import botocore.exceptions

client = boto3.client("lambda", endpoint_url=sys.argv[1])
try:
    client.invoke(FunctionName="charge_card", Payload=b"{}")
except botocore.exceptions.BotoCoreError as error:
    print(type(error).__name__)
PYTHON
cat > "$folder/call.mjs" <<'JAVASCRIPT'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';

const client = new LambdaClient({ endpoint: process.argv[2] });
await client.send(new InvokeCommand({ FunctionName: 'charge_card', Payload: '{}' })).catch((error) => console.log(error.name));
JAVASCRIPT

python="$folder/venv/bin/python"
boto3=$("$python" "$folder/server.py" "$python" "$folder/call.py")
javascript=$(cd "$folder" && "$python" "$folder/server.py" node call.mjs)
echo "boto3: $boto3"
echo "JavaScript: $javascript"
[ "$boto3" = '5 requests, ConnectionClosedError' ]
[ "$javascript" = '3 requests, TimeoutError' ]
