"""Calls operations of any AWS service with boto3, one after the other, and prints each result as a line of JSON.

Input: a JSON list of `{"service": …, "operation": …, "arguments": {…}}` with boto3's names.
"""

import json
import sys

import boto3
from botocore.exceptions import ClientError


def call(service, operation, arguments):
    """Returns the output, or the class of the exception and its details."""
    client = boto3.client(service)
    try:
        output = getattr(client, operation)(**arguments)
    except ClientError as error:
        return {
            "exception": type(error).__name__,
            "code": error.response["Error"]["Code"],
            "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
            "message": error.response["Error"]["Message"],
        }
    output.pop("ResponseMetadata")
    for stream in {"Body", "Payload"} & output.keys():
        output[stream] = output[stream].read().decode()
    return output


for request in json.load(sys.stdin):
    print(json.dumps(call(request["service"], request["operation"], request["arguments"]), default=str), flush=True)
