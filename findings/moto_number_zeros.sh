#!/usr/bin/env bash
# guess: a test with moto shows what a function reads from DynamoDB, so that a price that was written as 19.90 is 19.90 in the response
# behaviour: moto returns the text that was written: `19.90`, `1.00`, `007`. DynamoDB returns numbers without leading and trailing zeros
#   (developer guide, *Supported data types and naming rules*), and so does the emulator ministack: a function that writes the price with two digits
#   passes the test, and answers 19.9 on AWS; a hash over the item, or a comparison of texts, differs after the first write.
# version: moto 5.2.5, ministack 1.5.33, boto3 1.43.106 (PyPI)
# date: 2026-11-30
# output:
#   written:   19.90 1.00 007 50
#   moto:      19.90 1.00 007 50
#   ministack: 19.9 1 7 50
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check 'moto[dynamodb]==5.2.5' ministack==1.5.33 boto3==1.43.106
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1
unset AWS_PROFILE AWS_ENDPOINT_URL AWS_ENDPOINT_URL_DYNAMODB HTTP_PROXY http_proxy

cat > main.py <<'PYTHON'
import os
import socket
import subprocess
import sys
import time

import boto3
import moto

NUMBERS = ["19.90", "1.00", "007", "50"]


def read(endpoint_url=None):
    """Writes the numbers into an item, and returns them as the table has them."""
    dynamodb = boto3.client("dynamodb", endpoint_url=endpoint_url)
    dynamodb.create_table(
        TableName="orders",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"id": {"S": "1"}, "numbers": {"L": [{"N": number} for number in NUMBERS]}}
    dynamodb.put_item(TableName="orders", Item=item)
    stored = dynamodb.get_item(TableName="orders", Key={"id": {"S": "1"}})["Item"]
    return " ".join(number["N"] for number in stored["numbers"]["L"])


print("written:  ", " ".join(NUMBERS))
with moto.mock_aws():
    print("moto:     ", read())
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
environment = {**os.environ, "GATEWAY_PORT": str(port)}
emulator = subprocess.Popen([sys.executable, "-m", "ministack"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.1)
    print("ministack:", read("http://127.0.0.1:%d" % port))
finally:
    emulator.terminate()
    emulator.wait()
PYTHON

venv/bin/python main.py | tee seen
diff seen - <<'SEEN'
written:   19.90 1.00 007 50
moto:      19.90 1.00 007 50
ministack: 19.9 1 7 50
SEEN
