#!/usr/bin/env bash
# guess: `context.map` of a durable function raises the error of a failed item, as `context.step` does, or has one result for
#   each item
# behaviour: it does neither, in both SDKs. After the first failure no further item is started, the call returns normally, its
#   list of results contains only those that succeeded, and the execution ends as SUCCEEDED unless the code asks the result
#   (`throw_if_error`, `throwIfError`).
# version: aws-durable-execution-sdk-python 3.0.0 (PyPI, Python 3.11 or newer), @aws/durable-execution-sdk-js 2.4.0 (npm)
# date: 2026-11-30
# output:
#   Python:     SUCCEEDED, started [1, 2], results [10], of four items 1, 2, 3, 4
#   JavaScript: SUCCEEDED, started [1, 2], results [10], of four items 1, 2, 3, 4
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check aws-durable-execution-sdk-python==3.0.0
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
import types

from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.config import MapConfig

started = []


def charge(context, item, index, items):
    started.append(item)
    if item == 2:
        raise ValueError("card declined")
    return item * 10


def charges(event, context):
    return context.map([1, 2, 3, 4], charge, config=MapConfig(max_concurrency=1)).get_results()


# In place of Lambda: accepts each checkpoint.
client = types.SimpleNamespace(checkpoint_durable_execution=lambda **_: {"CheckpointToken": "next"})
context = types.SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 60000)
with open("event.json") as file:
    output = durable_execution(charges, boto3_client=client)(json.load(file), context)
print("%s, started %s, results %s" % (output["Status"], started, output["Result"]))
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import { withDurableExecution } from '@aws/durable-execution-sdk-js';

const started = [];
const charge = async (context, item) => {
  started.push(item);
  if (item === 2) throw new Error('card declined');
  return item * 10;
};
const charges = async (event, context) => (await context.map([1, 2, 3, 4], charge, { maxConcurrency: 1 })).getResults();

// In place of Lambda: accepts each checkpoint.
const durableExecutionClient = {
  getExecutionState: async () => ({ Operations: [] }),
  checkpoint: async () => ({ CheckpointToken: 'next', NewExecutionState: { Operations: [] } }),
};
const handler = withDurableExecution(charges, { durableExecutionClient });
const context = { awsRequestId: '1', getRemainingTimeInMillis: () => 60_000 };
const { Status, Result } = await handler(JSON.parse(readFileSync('event.json')), context);
console.log(`${Status}, started [${started.join(', ')}], results ${Result}`);
process.exit();
JAVASCRIPT

python=$(venv/bin/python main.py 2> /dev/null)
# The SDK writes its log, one JSON object per line, to the same stream.
javascript=$(node main.mjs | grep -v '^{')
echo "Python:     $python, of four items 1, 2, 3, 4"
echo "JavaScript: $javascript, of four items 1, 2, 3, 4"
[ "$python" = 'SUCCEEDED, started [1, 2], results [10]' ]
[ "$javascript" = "$python" ]
