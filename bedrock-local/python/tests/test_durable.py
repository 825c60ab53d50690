"""Tests of durable workers, with a stand-in for AWS's SDK, and of the client that the SDK gets."""

import json
from urllib.parse import quote

import pytest
from app_driver import READY
from fake_api import http

from bedrock.workers.invoker import InvocationError
from bedrock_host.durable import LocalApiError, LocalClient

WORKER = """
from bedrock.workers.worker import Worker

class Subject(Worker):
    async def execute(self, event, context):
        return [event, context]
"""

SDK = """
def durable_execution(function, boto3_client):
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


ARN = "arn:aws:lambda:us-east-1:000000000000:function:shop-local-flow:$LATEST/durable-execution/order-7/1"


def test_checkpoints_are_sent_as_boto3_sends_them(api):
    answer = {
        "CheckpointToken": "next",
        "NewExecutionState": {
            "Operations": [
                {
                    "Id": "1",
                    "StartTimestamp": 1795588500.25,
                    "WaitDetails": {"ScheduledEndTimestamp": 1795588560},
                    "StepDetails": {"Result": '{"StartTimestamp": 7}'},
                }
            ]
        },
    }
    server = api(http(200, json.dumps(answer).encode()))
    update = {"Id": "1", "Type": "WAIT", "Action": "START", "WaitOptions": {"WaitSeconds": 60}}
    response = LocalClient().checkpoint_durable_execution(
        DurableExecutionArn=ARN, CheckpointToken="this", Updates=[update]
    )
    request = server.requests[0]
    path = "/2025-12-01/durable-executions/" + quote(ARN, safe="") + "/checkpoint"
    assert (request.method, request.target) == ("POST", path)
    assert json.loads(request.body) == {"CheckpointToken": "this", "Updates": [update]}
    assert request.headers["authorization"] == "Bedrock secret-of-this-run"
    operation = response["NewExecutionState"]["Operations"][0]
    assert operation["StartTimestamp"].isoformat() == "2026-11-25T06:35:00.250000+00:00"
    assert operation["WaitDetails"]["ScheduledEndTimestamp"].isoformat() == "2026-11-25T06:36:00+00:00"
    assert operation["StepDetails"]["Result"] == '{"StartTimestamp": 7}'


def test_pages_of_the_state_are_read(api):
    server = api(http(200, b'{"Operations": [], "NextMarker": "8"}'))
    response = LocalClient().get_durable_execution_state(
        DurableExecutionArn=ARN, CheckpointToken="a+b/=", Marker="4", MaxItems=1000
    )
    target = server.requests[0].target
    assert target.endswith("/state?CheckpointToken=a%2Bb%2F%3D&Marker=4&MaxItems=1000")
    assert response == {"Operations": [], "NextMarker": "8"}


def test_errors_of_the_api_have_what_the_sdk_reads(api):
    body = b'{"Type": "User", "message": "Invalid checkpoint token: it was used"}'
    api(http(400, body, "x-amzn-ErrorType: InvalidParameterValueException:http://x"))
    with pytest.raises(LocalApiError) as caught:
        LocalClient().checkpoint_durable_execution(DurableExecutionArn=ARN, CheckpointToken="old", Updates=[])
    assert caught.value.response == {
        "Error": {"Code": "InvalidParameterValueException", "Message": "Invalid checkpoint token: it was used"},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    assert "when calling the CheckpointDurableExecution operation" in str(caught.value)


def test_lost_connection_is_an_error_without_a_status(api):
    api(None)
    with pytest.raises(InvocationError) as caught:
        LocalClient().checkpoint_durable_execution(DurableExecutionArn=ARN, CheckpointToken="t", Updates=[])
    assert not hasattr(caught.value, "response")
