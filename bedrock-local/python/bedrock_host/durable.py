"""Runs a durable worker in the local host, with a client for checkpoints that is not boto3.

To create a client of boto3 takes longer than all the rest of a short execution, and each of its requests takes
milliseconds. AWS's SDK accepts any client with the two operations that it uses.
"""

import datetime
import json
import os
import urllib.parse

from bedrock.workers.durable import durable_handler
from bedrock.workers.local_api import base_path, error_of, exchange

# The timeout of the SDK's own client.
_TIMEOUT_SECONDS = 50
_LABEL = "the durable execution"
_TIMESTAMPS = ("StartTimestamp", "EndTimestamp", "NextAttemptTimestamp", "ScheduledEndTimestamp")


def durable(worker_class):
    """Returns a function that creates a worker whose `handle` the SDK calls for each replay."""

    class DurableWorker:
        execute = worker_class.execute  # its annotations are the contract

        def __init__(self):
            self.handle = durable_handler(worker_class().handle, LocalClient())

    return DurableWorker


class LocalApiError(Exception):
    """An error of the API, with the attribute `response` that the errors of boto3 have."""

    def __init__(self, operation, code, message, status):
        super().__init__(f"An error occurred ({code}) when calling the {operation} operation: {message}")
        self.response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}


class LocalClient:
    """The operations of Lambda's API that the SDK uses, with the parameters and results of boto3."""

    def checkpoint_durable_execution(self, **parameters):
        arn = parameters.pop("DurableExecutionArn")
        return _send("CheckpointDurableExecution", "POST", arn, "/checkpoint", json.dumps(parameters).encode())

    def get_durable_execution_state(self, **parameters):
        arn = parameters.pop("DurableExecutionArn")
        query = urllib.parse.urlencode({name: value for name, value in parameters.items() if value is not None})
        return _send("GetDurableExecutionState", "GET", arn, f"/state?{query}", None)


def _send(operation, method, arn, suffix, body):
    path = f"{base_path(_LABEL)}/2025-12-01/durable-executions/{urllib.parse.quote(arn, safe='')}{suffix}"
    headers = {
        "Content-Type": "application/json",
        "Authorization": "Bedrock " + os.environ.get("AWS_ACCESS_KEY_ID", ""),
    }
    response, response_body = exchange(_LABEL, method, path, body, headers, _TIMEOUT_SECONDS)
    if response.status >= 300:
        raise LocalApiError(operation, *error_of(response, response_body), response.status)
    return json.loads(response_body, object_hook=_with_timestamps)


def _with_timestamps(members):
    for name in _TIMESTAMPS:
        seconds = members.get(name)
        if isinstance(seconds, (int, float)):
            members[name] = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return members
