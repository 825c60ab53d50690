"""Calls operations of Lambda's API with boto3, and prints each result as a line of JSON.

Input: a JSON list of `{"operation": …, "arguments": {…}}` with boto3's names. Calls run concurrently; results keep their
order.
"""

import base64
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.exceptions import ClientError


def call(client, operation, arguments):
    """Returns the output, or the class of the exception and its details."""
    try:
        output = getattr(client, operation)(**arguments)
    except ClientError as error:
        return {
            "exception": type(error).__name__,
            "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
            "message": error.response["Error"]["Message"],
        }
    if operation == "invoke_with_response_stream":
        return {
            "status": output["StatusCode"],
            "version": output.get("ExecutedVersion"),
            "type": output["ResponseStreamContentType"] if "ResponseStreamContentType" in output else None,
            "events": [
                {"chunk": event["PayloadChunk"]["Payload"].decode()} if "PayloadChunk" in event else event["InvokeComplete"]
                for event in output["EventStream"]
            ],
        }
    if operation != "invoke":
        output.pop("ResponseMetadata")
        return output
    return {
        "status": output["StatusCode"],
        "failed": output.get("FunctionError"),
        "version": output.get("ExecutedVersion"),
        "id": output["ResponseMetadata"]["RequestId"],
        "payload": output["Payload"].read().decode(),
        "log": base64.b64decode(output["LogResult"]).decode() if "LogResult" in output else None,
    }


def main():
    client = boto3.client("lambda")
    calls = json.load(sys.stdin)
    with ThreadPoolExecutor(max_workers=8) as pool:
        for result in pool.map(lambda request: call(client, request["operation"], request["arguments"]), calls):
            print(json.dumps(result), flush=True)


main()
