"""Runs AWS's conformance requirements against durable workers in the dev server, with AWS's own validator.

Usage: validate.py VALIDATOR URL WORKER NUMBER…

`VALIDATOR` is the folder of the package `aws_durable_execution_conformance_tests`. Its validator deploys with SAM; here a
call of Lambda's API at `URL` takes the place of the deployed function.
"""

import json
import os
import sys
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace

os.environ.update(AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any", AWS_DEFAULT_REGION="us-east-1")
validator, url, worker, *numbers = sys.argv[1:]
sys.path.insert(0, validator)

import boto3  # noqa: E402
from aws_durable_execution_conformance_tests import validate  # noqa: E402
from botocore.config import Config  # noqa: E402

client = boto3.client("lambda", endpoint_url=url, config=Config(max_pool_connections=64, read_timeout=120))


class Invoker:
    """Invokes the worker, and names the execution after the requirement."""

    stack_name = "dev"

    def invoke(self, function_name, event_file_path, kind="RequestResponse"):
        number = Path(event_file_path).name.removesuffix("_event.json")
        response = client.invoke(
            FunctionName=worker,
            Qualifier="$LATEST",
            InvocationType=kind,
            DurableExecutionName=f"{number}-{uuid.uuid4().hex}",
            Payload=Path(event_file_path).read_bytes(),
        )
        return SimpleNamespace(output=json.dumps({"DurableExecutionArn": response["DurableExecutionArn"]}))

    def invoke_async(self, function_name, event_file_path):
        return self.invoke(function_name, event_file_path, "Event")


def run(number):
    folder = tempfile.mkdtemp()
    return validate.validate_description(
        function_name=worker,
        description_id=number,
        test_file=files[number],
        invoker=Invoker(),
        tmp_dir=folder,
        region="us-east-1",
        aws_clients={"lambda": client},
        output_dir=folder,
    )


files = validate.discover_test_files(Path(validator) / "aws_durable_execution_conformance_tests/test_requirements")
with redirect_stdout(sys.stderr), ThreadPoolExecutor(16) as pool:
    results = list(pool.map(run, numbers))
for result in results:
    print(result.description_id, "passed" if result.passed else f"failed: {'; '.join(result.errors)}")
sys.exit(any(not result.passed for result in results))
