"""Runs AWS's conformance requirements in AWS's local runner and in ministack, with the handlers and the validator that
the dev server is tested with.

Usage: opinions.py VALIDATOR TOOLS CHECKOUT

Prints a Markdown table of what one of the two does otherwise, with the number of requirements that show it. Started with the Python that has AWS's SDK
and its local runner. `cargo xtask opinions` runs it.
"""

import base64
import io
import json
import logging
import os
import re
import sys
import tempfile
import uuid
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace

REGION = "us-east-1"
os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION=REGION)
validator, tools, checkout = map(Path, sys.argv[1:])
sdk = next((tools / "durable/lib").glob("*/site-packages"))
state = tempfile.mkdtemp(prefix="opinions-")
variables = {"DURABLE_SDK": str(sdk), "DURABLE_STATE": state, "ECHO": "echo", "FAILING": "failing"}
os.environ.update(variables)
sys.path[:0] = [str(validator), str(checkout / "conformance/durable"), str(checkout / "bedrock-local/python")]
sys.path.append(str(checkout / "benchmarks/durable"))

import boto3  # noqa: E402
import python_handlers  # noqa: E402
from aws_durable_execution_conformance_tests import validate  # noqa: E402
from aws_durable_execution_sdk_python import durable_execution  # noqa: E402
from aws_durable_execution_sdk_python.lambda_service import ErrorObject  # noqa: E402
from aws_durable_execution_sdk_python_testing.runner import DurableFunctionTestRunner  # noqa: E402
from bench import Ministack  # noqa: E402
from botocore.config import Config  # noqa: E402


def end_process(code):
    raise RuntimeError("the handler ends its process, which is this one in the local runner")


# Some handlers end the process of the function.
os._exit = end_process


def failing(event, context):
    raise ValueError("it always fails")


class LocalRunner:
    """AWS's local runner for one execution, with the operations of a client of boto3 that the validator uses."""

    def __init__(self, number):
        handler = durable_execution(
            lambda event, context: python_handlers.HANDLERS[number](context, event.get("Input"))
        )
        self.runner = DurableFunctionTestRunner(handler=handler, skip_time=False)
        self.runner.register_durable_function("echo", durable_execution(lambda event, context: event))
        self.runner.register_durable_function("failing", durable_execution(failing))

    def invoke(self, event, kind):
        arn = self.runner.run_async(input=event, execution_timeout=900, execution_name=uuid.uuid4().hex)
        if kind == "RequestResponse":
            self.runner.wait_for_result(arn, timeout=120)
        return arn

    def get_durable_execution_history(self, DurableExecutionArn, **_):
        return self.runner.get_execution_history(DurableExecutionArn, include_execution_data=True).to_dict()

    def get_durable_execution(self, DurableExecutionArn):
        return self.runner._executor.get_execution_details(DurableExecutionArn).to_dict()

    def send_durable_execution_callback_success(self, CallbackId, Result=None):
        self.runner.send_callback_success(CallbackId, Result.encode() if isinstance(Result, str) else Result)
        return {}

    def send_durable_execution_callback_failure(self, CallbackId, Error=None):
        self.runner.send_callback_failure(CallbackId, ErrorObject.from_dict(Error or {}))
        return {}

    def send_durable_execution_callback_heartbeat(self, CallbackId):
        self.runner.send_callback_heartbeat(CallbackId)
        return {}

    def close(self):
        self.runner.close()


class MinistackFunction:
    """A function of ministack for one requirement: the names of executions, which say it elsewhere, are ignored."""

    def __init__(self, number):
        self.function = f"requirement-{number}"
        create(self.function, "main.handler", {**variables, "REQUIREMENT": number})
        self.client = boto3.client(
            "lambda", endpoint_url=server.url, config=Config(read_timeout=120, retries={"total_max_attempts": 1})
        )

    def __getattr__(self, name):
        return getattr(self.client, name)

    def invoke(self, event, kind):
        response = self.client.invoke(FunctionName=self.function, InvocationType=kind, Payload=event)
        if "DurableExecutionArn" in response:
            return response["DurableExecutionArn"]
        # It does not say the ARN of an asynchronous execution.
        listed = self.client.list_durable_executions_by_function(FunctionName=self.function)
        return listed["DurableExecutions"][0]["DurableExecutionArn"]

    def close(self):
        self.client.delete_function(FunctionName=self.function)


def create(name, handler, environment):
    function = {
        "FunctionName": name,
        "Runtime": "python3.13",
        "Role": "arn:aws:iam::000000000000:role/any",
        "Handler": handler,
        "Code": {"ZipFile": base64.b64encode(code()).decode()},
        "Timeout": 60,
        "MemorySize": 512,
        "Environment": {"Variables": environment},
        # AWS does not have `Enabled`.
        "DurableConfig": {"ExecutionTimeout": 900, "RetentionPeriodInDays": 1, "Enabled": True},
    }
    server.new_client().send("POST", "/2015-03-31/functions", json.dumps(function).encode())


MAIN = """import os, sys
sys.path.insert(0, os.environ["DURABLE_SDK"])
from aws_durable_execution_sdk_python import durable_execution

@durable_execution
def handler(event, context):
    import python_handlers
    return python_handlers.HANDLERS[os.environ["REQUIREMENT"]](context, event.get("Input"))

@durable_execution
def echo(event, context):
    return event

@durable_execution
def failing(event, context):
    raise ValueError("it always fails")
"""


def code():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("main.py", MAIN)
        file.write(checkout / "conformance/durable/python_handlers.py", "python_handlers.py")
        for path in (checkout / "bedrock-local/python/bedrock").rglob("*.py"):
            file.write(path, path.relative_to(checkout / "bedrock-local/python"))
    return archive.getvalue()


class Invoker:
    stack_name = "opinions"

    def __init__(self, runner):
        self.runner = runner

    def invoke(self, function_name, event_file_path, kind="RequestResponse"):
        arn = self.runner.invoke(Path(event_file_path).read_text(), kind)
        return SimpleNamespace(output=json.dumps({"DurableExecutionArn": arn}))

    def invoke_async(self, function_name, event_file_path):
        return self.invoke(function_name, event_file_path, "Event")


def run(kind, number):
    """Returns `None` if a requirement is met, or what is wrong."""
    folder = tempfile.mkdtemp(dir=state)
    try:
        runner = kind(number)
        try:
            result = validate.validate_description(
                function_name="any",
                description_id=number,
                test_file=files[number],
                invoker=Invoker(runner),
                tmp_dir=folder,
                region=REGION,
                aws_clients={"lambda": runner},
                output_dir=folder,
            )
        finally:
            runner.close()
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"
    return None if result.passed else "; ".join(result.errors)


def differences(error):
    """Returns what is wrong without the numbers of events, and without what only follows from another order of events."""
    parts = {re.sub(r"Event\[EventId=\d+\]\.", "", part) for part in error.split("; ")}
    orders = {part for part in parts if part.startswith("EventType: ")}
    if any(part.startswith("No new events") for part in parts):
        return {"the execution does not end"}
    if orders or any(part.startswith("No actual event found") for part in parts):
        return orders or {"events are missing"}
    return parts


def counts(results):
    found = Counter()
    for error in results:
        found.update(differences(error) if error is not None else ())
    return found


logging.disable(logging.CRITICAL)
files = validate.discover_test_files(validator / "aws_durable_execution_conformance_tests/test_requirements")
numbers = [number for number in python_handlers.HANDLERS if number in files]
server = Ministack(tools)
try:
    create("echo", "main.echo", variables)
    create("failing", "main.failing", variables)
    with redirect_stdout(sys.stderr), ThreadPoolExecutor(8) as pool:
        local = list(pool.map(lambda number: run(LocalRunner, number), numbers))
        emulated = list(pool.map(lambda number: run(MinistackFunction, number), numbers))
finally:
    server.close()
print(f"{len(numbers)} requirements; AWS's local runner meets {local.count(None)}, ministack {emulated.count(None)}.\n")
one, other = counts(local), counts(emulated)
print("| difference | AWS's local runner | ministack |")
print("| --- | ---: | ---: |")
for difference, _ in (one + other).most_common():
    text = " ".join(difference.split()).replace("|", "\\|")[:160]
    print(f"| {text} | {one[difference] or ''} | {other[difference] or ''} |")
