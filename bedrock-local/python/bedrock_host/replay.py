"""Runs the code of a durable worker against a recorded execution: `python -m bedrock_host.replay REQUEST REPORT`.

`cargo bedrock replay` starts it. The recorded operations return their recorded results, no step runs, and nothing is
sent: an operation that was not recorded ends its branch. What the code did is written to the file REPORT.

It needs two methods of AWS's SDK that are not part of its documented interface. Without them it refuses.
"""

import json
import os
import sys

from bedrock.workers.loader import load
from bedrock.workers.runtime_errors import describe_error

from .context import Context

_UNSUPPORTED = (
    "this version of `aws-durable-execution-sdk-python` cannot be observed: use 3.0.0, or a newer cargo bedrock"
)
_REQUEST_ID = "00000000-0000-4000-8000-000000000000"
# The SDK and the worker may ask for the time that remains.
_DEADLINE_MS = 4_102_444_800_000


class Recorder:
    """What the code does, compared with the recorded operations."""

    def __init__(self, operations):
        self.recorded = {operation["Id"]: operation for operation in operations}
        self.visited = {}
        self.started = {}
        self.mismatches = {}

    def visit(self, identifier):
        """Notes a recorded operation that the code has come to."""
        operation = self.recorded.get(identifier.operation_id)
        if operation is None:
            return
        self.visited[identifier.operation_id] = True
        found = _described(identifier)
        expected = (operation["Type"], operation.get("SubType"), operation.get("Name") or None)
        if (found["type"], found["sub_type"], found["name"]) != expected:
            self.mismatches[identifier.operation_id] = found

    def is_new(self, update):
        return update is not None and update.action.value == "START" and update.operation_id not in self.recorded

    def report(self, outcome):
        return {
            "visited": list(self.visited),
            "started": list(self.started.values()),
            "mismatches": list(self.mismatches.values()),
            "outcome": outcome,
        }


class Client:
    """Takes the place of the Lambda client. Only child contexts that end reach it, and the end of the execution."""

    def checkpoint_durable_execution(self, Updates=(), **_):
        operations = [
            {
                "Id": update["Id"],
                "Type": update["Type"],
                "Status": "SUCCEEDED" if update["Action"] == "SUCCEED" else "FAILED",
                "StartTimestamp": 0,
                "ContextDetails": {"Result": update.get("Payload"), "Error": update.get("Error")},
            }
            for update in Updates
            if update["Action"] in ("SUCCEED", "FAIL")
        ]
        return {"CheckpointToken": "replay", "NewExecutionState": {"Operations": operations}}

    def get_durable_execution_state(self, **_):
        return {"Operations": []}


def _described(identifier):
    operation_type = getattr(identifier, "operation_type", None)
    return {
        "id": identifier.operation_id,
        "parent_id": identifier.parent_id or None,
        "type": operation_type.value,
        "sub_type": identifier.sub_type,
        "name": identifier.name or None,
    }


def observe(recorder):
    """Makes the SDK report what it does. Operations that are not recorded suspend their branch before anything runs."""
    from aws_durable_execution_sdk_python.exceptions import SuspendExecution
    from aws_durable_execution_sdk_python.identifier import OperationIdentifier
    from aws_durable_execution_sdk_python.state import ExecutionState

    validate, checkpoint = OperationIdentifier.validate_checkpoint, ExecutionState.create_checkpoint

    def validate_checkpoint(identifier, operation):
        recorder.visit(identifier)
        return validate(identifier, operation)

    def create_checkpoint(state, operation_update=None, *arguments, **options):
        if recorder.is_new(operation_update):
            recorder.started[operation_update.operation_id] = {
                "id": operation_update.operation_id,
                "parent_id": operation_update.parent_id or None,
                "type": operation_update.operation_type.value,
                "sub_type": operation_update.sub_type,
                "name": operation_update.name or None,
            }
            raise SuspendExecution("the replay ends here")
        return checkpoint(state, operation_update, *arguments, **options)

    OperationIdentifier.validate_checkpoint = validate_checkpoint
    ExecutionState.create_checkpoint = create_checkpoint


def replay(request):
    """Returns the report of one replay."""
    worker = load(request["class"], "main.py")()
    from aws_durable_execution_sdk_python import durable_execution

    recorder = Recorder(request["operations"])
    try:
        observe(recorder)
    except (ImportError, AttributeError):
        return {"unsupported": _UNSUPPORTED}
    handler = durable_execution(worker.handle, boto3_client=Client())
    event = {
        "DurableExecutionArn": request["arn"],
        "CheckpointToken": "replay",
        "InitialExecutionState": {"Operations": request["operations"], "NextMarker": ""},
    }
    try:
        output = handler(event, Context(_REQUEST_ID, _DEADLINE_MS, ""))
    except Exception as error:
        error_type, message, _ = describe_error(error)
        return recorder.report(_failed(error_type, message))
    return recorder.report(_outcome(output))


def _outcome(output):
    if output["Status"] != "FAILED":
        return {"status": output["Status"]}
    error = output.get("Error") or {}
    return _failed(error.get("ErrorType") or "Error", error.get("ErrorMessage") or "")


def _failed(error_type, message):
    return {"status": "FAILED", "error_type": error_type, "error_message": message}


def main(request_path, report_path):
    with open(request_path, encoding="utf-8") as file:
        request = json.load(file)
    report = replay(request)
    with open(report_path, "w", encoding="utf-8") as file:
        json.dump(report, file)
        file.flush()
    # Threads of the worker would keep the process alive.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:3])
