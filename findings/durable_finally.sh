#!/usr/bin/env bash
# guess: a `finally` around `context.wait` of a durable function runs once, when the wait is over
# behaviour: in Python it also runs when the execution suspends, because the SDK leaves the function with an exception
#   (`SuspendExecution`, a `BaseException`); so does the end of a `with` block. In JavaScript it runs only after the wait: the
#   SDK abandons the promise. (aws/aws-durable-execution-docs issue 131)
# version: aws-durable-execution-sdk-python 3.0.0 (PyPI, Python 3.11 or newer), @aws/durable-execution-sdk-js 2.4.0 (npm)
# date: 2026-11-30
# output:
#   Python:     finally PENDING finally SUCCEEDED
#   JavaScript: PENDING finally SUCCEEDED
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check aws-durable-execution-sdk-python==3.0.0
npm install --silent --no-audit --no-fund @aws/durable-execution-sdk-js@2.4.0 > /dev/null

cat > main.py <<'PYTHON'
import datetime
import types

from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.config import Duration

NOW = int(datetime.datetime.now().timestamp() * 1000)
ARN = "arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/a/b"
operations = [
    {"Id": "b", "Type": "EXECUTION", "Status": "STARTED", "StartTimestamp": NOW, "ExecutionDetails": {"InputPayload": "{}"}}
]


class Lambda:
    """Lambda's API for one execution: stores the wait."""

    def checkpoint_durable_execution(self, Updates=(), **_):
        for update in Updates:
            if update["Type"] == "WAIT":
                wait = {"Id": update["Id"], "Type": "WAIT", "SubType": "Wait", "Status": "STARTED", "StartTimestamp": NOW}
                operations.append({**wait, "WaitDetails": {"ScheduledEndTimestamp": NOW + 3600000}})
        times = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        state = [{**wait, "StartTimestamp": times, "WaitDetails": {"ScheduledEndTimestamp": times}} for wait in operations[1:]]
        return {"CheckpointToken": "next", "NewExecutionState": {"Operations": state}}


def waits(event, context):
    try:
        context.wait(Duration.from_hours(1))
    finally:
        print("finally")


handler = durable_execution(waits, boto3_client=Lambda())
context = types.SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 60000)
for status in ["STARTED", "SUCCEEDED"]:
    for wait in operations[1:]:
        wait["Status"] = status
    event = {"DurableExecutionArn": ARN, "CheckpointToken": "t", "InitialExecutionState": {"Operations": operations}}
    print(handler(event, context)["Status"])
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { withDurableExecution } from '@aws/durable-execution-sdk-js';

const DurableExecutionArn = 'arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/a/b';
const times = { StartTimestamp: new Date() };
const operations = [{ Id: 'b', Type: 'EXECUTION', Status: 'STARTED', ...times, ExecutionDetails: { InputPayload: '{}' } }];
// Lambda's API for one execution: stores the wait.
const durableExecutionClient = {
  getExecutionState: async () => ({ Operations: [] }),
  checkpoint: async ({ Updates = [] }) => {
    for (const { Id, Type, SubType } of Updates) {
      if (Type !== 'WAIT') continue;
      const WaitDetails = { ScheduledEndTimestamp: new Date(Date.now() + 3_600_000) };
      operations.push({ Id, Type, SubType, Status: 'STARTED', ...times, WaitDetails });
    }
    return { CheckpointToken: 'next', NewExecutionState: { Operations: operations.slice(1) } };
  },
};
const waits = async (event, context) => {
  try {
    await context.wait({ hours: 1 });
  } finally {
    console.log('finally');
  }
};
const handler = withDurableExecution(waits, { durableExecutionClient });
for (const status of ['STARTED', 'SUCCEEDED']) {
  for (const wait of operations.slice(1)) wait.Status = status;
  const event = { DurableExecutionArn, CheckpointToken: 't', InitialExecutionState: { Operations: [...operations] } };
  console.log((await handler(event, { awsRequestId: '1', getRemainingTimeInMillis: () => 60_000 })).Status);
}
process.exit();
JAVASCRIPT

python=$(venv/bin/python main.py 2> /dev/null | paste -sd ' ')
# The SDK writes its log, one JSON object per line, to the same stream.
javascript=$(node main.mjs | grep -v '^{' | paste -sd ' ')
echo "Python:     $python"
echo "JavaScript: $javascript"
[ "$python" = 'finally PENDING finally SUCCEEDED' ]
[ "$javascript" = 'PENDING finally SUCCEEDED' ]
