"""Makes calls of Lambda's API with boto3, as anybody would, and prints what came of each as a line of JSON.

Input: a JSON list of `{"operation": …, "arguments": {…}}` by boto3's names. Several run at once, answers keep their order.
"""

import base64
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.exceptions import ClientError


def call(client, operation, arguments):
    """What a program sees: the answer, or the class of the exception and what it knows."""
    try:
        answer = getattr(client, operation)(**arguments)
    except ClientError as error:
        return {
            "exception": type(error).__name__,
            "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
            "message": error.response["Error"]["Message"],
        }
    if operation != "invoke":
        answer.pop("ResponseMetadata")
        return answer
    return {
        "status": answer["StatusCode"],
        "failed": answer.get("FunctionError"),
        "version": answer.get("ExecutedVersion"),
        "id": answer["ResponseMetadata"]["RequestId"],
        "payload": answer["Payload"].read().decode(),
        "log": base64.b64decode(answer["LogResult"]).decode() if "LogResult" in answer else None,
    }


def main():
    client = boto3.client("lambda")
    calls = json.load(sys.stdin)
    with ThreadPoolExecutor(max_workers=8) as pool:
        for answer in pool.map(lambda one: call(client, one["operation"], one["arguments"]), calls):
            print(json.dumps(answer), flush=True)


main()
