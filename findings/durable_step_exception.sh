#!/usr/bin/env bash
# guess: an exception that the code of a step raises is caught around the step by its class, as around any other call, at least in the run
#   in which it is raised; AWS's durable SDK for Java keeps the class
# behaviour: it is not caught. The SDKs for Python and JavaScript raise a `StepError` in its place, in the first run too, whose cause is not
#   the exception either: it has the name of the class and the message, and no other field. A function whose calls become steps
#   compensates for nothing any more. (documentation of durable execution, *Errors*)
# version: aws-durable-execution-sdk-python 3.0.0 (PyPI, Python 3.11 or newer), @aws/durable-execution-sdk-js 2.4.0 (npm)
# date: 2026-11-30
# output:
#   Python:     caught as StepError, cause DurableOperationError, class __main__.CardDeclined, code None
#   JavaScript: caught as StepError, cause Error, class CardDeclined, code undefined
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check aws-durable-execution-sdk-python==3.0.0
npm install --silent --no-save --no-package-lock --ignore-scripts @aws/durable-execution-sdk-js@2.4.0 > /dev/null

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
from aws_durable_execution_sdk_python.config import StepConfig
from aws_durable_execution_sdk_python.retries import RetryPresets


class CardDeclined(Exception):
    def __init__(self, code):
        super().__init__("card declined")
        self.code = code


def charge(_):
    raise CardDeclined("51")


def pay(event, context):
    try:
        context.step(charge, config=StepConfig(retry_strategy=RetryPresets.none()))
    except CardDeclined as error:
        return "caught as CardDeclined, code %s" % error.code
    except Exception as error:
        cause = error.__cause__
        kinds = type(error).__name__, type(cause).__name__, cause.error_type, getattr(cause, "code", None)
        return "caught as %s, cause %s, class %s, code %s" % kinds


# In place of Lambda: accepts each checkpoint.
client = types.SimpleNamespace(checkpoint_durable_execution=lambda **_: {"CheckpointToken": "next"})
context = types.SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 60000)
with open("event.json") as file:
    output = durable_execution(pay, boto3_client=client)(json.load(file), context)
print("Python:    ", json.loads(output["Result"]))
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import { withDurableExecution } from '@aws/durable-execution-sdk-js';

class CardDeclined extends Error {
  constructor(code) {
    super('card declined');
    this.name = 'CardDeclined';
    this.code = code;
  }
}
const charge = async () => {
  throw new CardDeclined('51');
};
const pay = async (event, context) => {
  try {
    await context.step('charge', charge, { retryStrategy: () => ({ shouldRetry: false }) });
  } catch (error) {
    if (error instanceof CardDeclined) return `caught as CardDeclined, code ${error.code}`;
    const { cause } = error;
    return `caught as ${error.name}, cause ${cause.constructor.name}, class ${cause.name}, code ${cause.code}`;
  }
};

// In place of Lambda: accepts each checkpoint.
const durableExecutionClient = {
  getExecutionState: async () => ({ Operations: [] }),
  checkpoint: async () => ({ CheckpointToken: 'next', NewExecutionState: { Operations: [] } }),
};
const context = { awsRequestId: '1', getRemainingTimeInMillis: () => 60_000 };
const output = await withDurableExecution(pay, { durableExecutionClient })(JSON.parse(readFileSync('event.json')), context);
console.log('JavaScript:', JSON.parse(output.Result));
process.exit();
JAVASCRIPT

# The SDK for JavaScript writes its log, one JSON object per line, to the same stream.
{
  venv/bin/python main.py 2> /dev/null
  node main.mjs | grep -v '^{'
} | tee seen
diff seen - <<'SEEN'
Python:     caught as StepError, cause DurableOperationError, class __main__.CardDeclined, code None
JavaScript: caught as StepError, cause Error, class CardDeclined, code undefined
SEEN
