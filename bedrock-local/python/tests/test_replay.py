"""Tests of the program that replays executions, with a stand-in for AWS's SDK. With the SDK itself it is tested by
`cargo-bedrock/tests/cli/replay.rs`.
"""

import json
import os
import subprocess
import sys

LIBRARY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORKER = """
from bedrock.workers.worker import Worker
class Flow(Worker):
    def execute(self, event, context):
        return event
"""
SDK = """
def durable_execution(function, *, boto3_client):
    return lambda event, context: function(event, context)
"""


def replay(folder):
    """Returns the report of the program, and its output."""
    (folder / "main.py").write_text(WORKER)
    request = {"class": "Flow", "arn": "arn", "folder": str(folder), "operations": []}
    (folder / "request.json").write_text(json.dumps(request))
    process = subprocess.run(
        [sys.executable, "-B", "-m", "bedrock_host.replay", "request.json", "report.json"],
        cwd=folder,
        env={"PYTHONPATH": f"{folder}{os.pathsep}{LIBRARY}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    report = folder / "report.json"
    return json.loads(report.read_text()) if report.exists() else None, process.stderr


def test_sdk_that_cannot_be_observed_is_refused(tmp_path):
    (tmp_path / "aws_durable_execution_sdk_python.py").write_text(SDK)
    report, _ = replay(tmp_path)
    assert report["unsupported"].startswith("this version of `aws-durable-execution-sdk-python` cannot be observed")


def test_sdk_without_the_observed_methods_is_refused(tmp_path):
    package = tmp_path / "aws_durable_execution_sdk_python"
    package.mkdir()
    (package / "__init__.py").write_text(SDK)
    (package / "exceptions.py").write_text("class SuspendExecution(BaseException): pass\n")
    (package / "identifier.py").write_text("class OperationIdentifier: pass\n")
    (package / "state.py").write_text("class ExecutionState: pass\n")
    assert "unsupported" in replay(tmp_path)[0]


def test_missing_sdk_ends_without_a_report(tmp_path):
    report, errors = replay(tmp_path)
    assert report is None
    assert "No module named 'aws_durable_execution_sdk_python'" in errors
