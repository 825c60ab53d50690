"""Makes calls of any of AWS's services with boto3, one after the other, and prints what came of each as a line of JSON.

Input: a JSON list of `{"service": …, "operation": …, "arguments": {…}}` by boto3's names.
"""

import json
import sys

import boto3
from botocore.exceptions import ClientError


def call(service, operation, arguments):
    """What a program sees: the answer, or the class of the exception and what it knows."""
    client = boto3.client(service)
    try:
        answer = getattr(client, operation)(**arguments)
    except ClientError as error:
        return {
            "exception": type(error).__name__,
            "code": error.response["Error"]["Code"],
            "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
            "message": error.response["Error"]["Message"],
        }
    answer.pop("ResponseMetadata")
    if "Body" in answer:
        answer["Body"] = answer["Body"].read().decode()
    return answer


for one in json.load(sys.stdin):
    print(json.dumps(call(one["service"], one["operation"], one["arguments"]), default=str), flush=True)
