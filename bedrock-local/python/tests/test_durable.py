"""Tests of durable workers, with a stand-in for AWS's SDK."""

import json

from app_driver import READY

WORKER = """
from bedrock.workers.worker import Worker

class Subject(Worker):
    async def execute(self, event, context):
        return [event, context]
"""

SDK = """
def durable_execution(function):
    return lambda event, context: function({"replayed": event["DurableExecutionArn"]}, "durable context")
"""


def test_sdk_calls_execute_with_its_own_context(launch, worker_dir):
    (worker_dir / "aws_durable_execution_sdk_python.py").write_text(SDK)
    host = launch(WORKER, BEDROCK_DURABLE="1")
    assert host.start.get(timeout=30) == (READY, b"")
    assert host.result({"DurableExecutionArn": "arn"}) == [{"replayed": "arn"}, "durable context"]


def test_event_without_an_execution_is_an_error(launch, worker_dir):
    (worker_dir / "aws_durable_execution_sdk_python.py").write_text(SDK)
    host = launch(WORKER, BEDROCK_DURABLE="1").ready()
    for event in ({}, None, "text"):
        error = host.error(event)
        assert error["errorType"] == "Runtime.DurableConfigError", error
        assert error["errorMessage"].startswith("the event is not of a durable execution: durable workers run in")


def test_missing_sdk_is_an_import_error_that_names_it(launch):
    error = launch(WORKER, BEDROCK_DURABLE="1").init_error()
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert error["errorMessage"].endswith("add `aws-durable-execution-sdk-python` to its `requirements.txt`")


def test_sdk_is_not_imported_for_other_workers(start, worker_dir):
    (worker_dir / "aws_durable_execution_sdk_python.py").write_text("raise RuntimeError('imported')")
    assert start("return event").result({"DurableExecutionArn": "arn"}) == {"DurableExecutionArn": "arn"}


def test_contract_is_that_of_execute(launch, worker_dir):
    (worker_dir / "aws_durable_execution_sdk_python.py").write_text(SDK)
    typed = WORKER.replace("event, context):", "event: int, context) -> str:")
    kind, body = launch(typed, BEDROCK_DURABLE="1", BEDROCK_CONTRACT="1").start.get(timeout=30)
    assert (kind, json.loads(body)) == (READY, {"event": {"type": "integer"}, "response": {"type": "string"}})
