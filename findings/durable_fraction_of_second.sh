#!/usr/bin/env bash
# guess: both durable SDKs make whole seconds of 1.9 seconds in one way, because Lambda's API has whole seconds, and neither makes
#   them shorter
# behaviour: the SDK for Python cuts them off, so that the wait is shorter than what was written, and refuses less than one second;
#   the SDK for JavaScript sends 1.9 and 0.5 as they are, though the member of the API is an integer
# version: aws-durable-execution-sdk-python 3.0.0 with boto3 1.44.8 (PyPI, Python 3.11 or newer),
#   @aws/durable-execution-sdk-js 2.4.0 (npm)
# date: 2026-11-30
# output:
#   API:         WaitSeconds is an integer
#   Python:      1.9 s is sent as 1, 0.5 s as ValidationError: duration must be at least 1 second
#   JavaScript:  1.9 s is sent as 1.9, 0.5 s as 0.5
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check aws-durable-execution-sdk-python==3.0.0 boto3==1.44.8
npm install --silent --no-audit --no-fund @aws/durable-execution-sdk-js@2.4.0 > /dev/null

cat > event.json <<'JSON'
{
  "DurableExecutionArn": "arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/a/b",
  "CheckpointToken": "t",
  "InitialExecutionState": {
    "Operations": [
      { "Id": "b", "Type": "EXECUTION", "Status": "STARTED", "StartTimestamp": 1796000000000, "ExecutionDetails": { "InputPayload": "{}" } }
    ]
  }
}
JSON
cat > main.py <<'PYTHON'
import json
import logging
import types

import boto3
from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.config import Duration

logging.disable()  # The SDK logs the refusal.
shape = boto3.client("lambda", region_name="us-east-1").meta.service_model.shape_for("WaitOptions")
print("API:         WaitSeconds is an %s" % shape.members["WaitSeconds"].type_name)


def checkpoint(Updates=(), **_):
    """In place of Lambda: accepts each checkpoint."""
    sent.extend(update["WaitOptions"]["WaitSeconds"] for update in Updates if update["Type"] == "WAIT")
    return {"CheckpointToken": "next"}


def waited(seconds):
    handler = durable_execution(lambda event, context: context.wait(Duration.from_seconds(seconds)), boto3_client=client)
    sent.clear()
    output = handler(event, context)
    return sent[0] if sent else "%s: %s" % (output["Error"]["ErrorType"].split(".")[-1], output["Error"]["ErrorMessage"])


sent = []
client = types.SimpleNamespace(checkpoint_durable_execution=checkpoint)
context = types.SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 60000)
with open("event.json") as file:
    event = json.load(file)
print("Python:      1.9 s is sent as %s, 0.5 s as %s" % (waited(1.9), waited(0.5)))
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import { withDurableExecution } from '@aws/durable-execution-sdk-js';

const waited = (seconds) =>
  new Promise((resolve) => {
    // In place of Lambda: takes the first wait, and does not respond.
    const durableExecutionClient = {
      getExecutionState: async () => ({ Operations: [] }),
      checkpoint: async ({ Updates = [] }) => {
        resolve(Updates.find(({ Type }) => Type === 'WAIT')?.WaitOptions.WaitSeconds);
        return new Promise(() => {});
      },
    };
    const handler = withDurableExecution((event, context) => context.wait({ seconds }), { durableExecutionClient });
    handler(JSON.parse(readFileSync('event.json')), { awsRequestId: '1', getRemainingTimeInMillis: () => 60_000 });
  });
console.log(`JavaScript:  1.9 s is sent as ${await waited(1.9)}, 0.5 s as ${await waited(0.5)}`);
process.exit();
JAVASCRIPT

# The SDK for JavaScript writes its log, one JSON object per line, to the same stream.
seen=$(venv/bin/python main.py 2> /dev/null; node main.mjs | grep -v '^{')
echo "$seen"
[ "$seen" = 'API:         WaitSeconds is an integer
Python:      1.9 s is sent as 1, 0.5 s as ValidationError: duration must be at least 1 second
JavaScript:  1.9 s is sent as 1.9, 0.5 s as 0.5' ]
