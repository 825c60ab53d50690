#!/usr/bin/env bash
# guess: a test with moto finds out whether a rule of EventBridge matches an event: the pattern `{"items": {"sku": ["A1"]}}` matches
#   an order that has `A1` among its `items`, a list of objects
# behaviour: moto's rule does not match it, though it does if `items` is one object; EventBridge (user guide, *Arrays in event
#   patterns*, and aws/event-ruler) and the emulator ministack match both
# version: moto 5.2.5, ministack 1.5.33, boto3 1.43.106 (PyPI)
# date: 2026-11-30
# output:
#   moto:      one object: 1 event, a list of objects: 0 events
#   ministack: one object: 1 event, a list of objects: 1 event
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check 'moto[events,sqs]==5.2.5' ministack==1.5.33 boto3==1.43.106
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1
unset AWS_PROFILE AWS_ENDPOINT_URL HTTP_PROXY http_proxy

cat > main.py <<'PYTHON'
import json
import os
import socket
import subprocess
import sys
import time

import boto3
import moto


def delivered(name, detail, endpoint_url):
    """Sends an event to a rule whose target is a queue of that name. Returns how many events are in the queue."""
    events = boto3.client("events", endpoint_url=endpoint_url)
    sqs = boto3.client("sqs", endpoint_url=endpoint_url)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=name, EventPattern=json.dumps({"detail-type": [name], "detail": {"items": {"sku": ["A1"]}}}))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    event = {"Source": "shop", "DetailType": name, "Detail": json.dumps(detail)}
    events.put_events(Entries=[event])
    messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2).get("Messages", [])
    return "1 event" if len(messages) == 1 else "%d events" % len(messages)


def both(endpoint_url=None):
    one = delivered("one", {"items": {"sku": "A1"}}, endpoint_url)
    several = delivered("several", {"items": [{"sku": "A1"}, {"sku": "B2"}]}, endpoint_url)
    return "one object: %s, a list of objects: %s" % (one, several)


with moto.mock_aws():
    print("moto:     ", both())
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
    print("ministack:", both("http://127.0.0.1:%d" % port))
finally:
    emulator.terminate()
    emulator.wait()
PYTHON

seen=$(venv/bin/python main.py)
echo "$seen"
[ "$seen" = 'moto:      one object: 1 event, a list of objects: 0 events
ministack: one object: 1 event, a list of objects: 1 event' ]
