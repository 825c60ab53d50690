#!/usr/bin/env bash
# guess: a Python function that returns a `Decimal`, as each number of a DynamoDB item is, still can when it becomes durable, because
#   a step can
# behaviour: the step keeps the `Decimal`, but the durable function that returns it fails with a `TypeError`, after all its steps have
#   run: the SDK writes results of steps with an encoder of its own, and that of the function with `json.dumps`. AWS's runtime,
#   which writes the response of a function that is not durable, writes a number.
# version: aws-durable-execution-sdk-python 3.0.0, awslambdaric 4.2.2 (PyPI, Python 3.11 or newer)
# date: 2026-11-30
# output:
#   not durable:        {"total": 9.90}
#   durable, in a step: Decimal('9.90')
#   durable:            FAILED, TypeError: Object of type Decimal is not JSON serializable
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check aws-durable-execution-sdk-python==3.0.0 awslambdaric==4.2.2

cat > main.py <<'PYTHON'
import decimal
import logging
import types

from aws_durable_execution_sdk_python import durable_execution
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

logging.disable()  # The SDK logs the failure.


def total(context=None):
    return {"total": decimal.Decimal("9.90")}


def durable(event, context):
    result = context.step(total)
    print("durable, in a step: %r" % result["total"])
    return result


execution = {"Id": "b", "Type": "EXECUTION", "Status": "STARTED", "StartTimestamp": 1796000000000}
execution["ExecutionDetails"] = {"InputPayload": "{}"}
event = {
    "DurableExecutionArn": "arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/a/b",
    "CheckpointToken": "t",
    "InitialExecutionState": {"Operations": [execution]},
}
# In place of Lambda: accepts each checkpoint.
client = types.SimpleNamespace(checkpoint_durable_execution=lambda **_: {"CheckpointToken": "next"})
context = types.SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 60000)
print("not durable:        %s" % LambdaMarshaller().marshal_response(total())[0])
output = durable_execution(durable, boto3_client=client)(event, context)
print("durable:            %s, %s: %s" % (output["Status"], output["Error"]["ErrorType"], output["Error"]["ErrorMessage"]))
PYTHON

seen=$(venv/bin/python main.py)
echo "$seen"
[ "$seen" = "not durable:        {\"total\": 9.90}
durable, in a step: Decimal('9.90')
durable:            FAILED, TypeError: Object of type Decimal is not JSON serializable" ]
