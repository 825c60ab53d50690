"""A durable worker that answers within 15 minutes, so that callers may wait for it."""

import sys
from pathlib import Path

# AWS's SDK is in the test tools.
TOOLS = Path(__file__).resolve().parents[4] / "target/tools/durable/lib"
sys.path.extend(str(path) for path in TOOLS.glob("python3*/site-packages"))

from aws_durable_execution_sdk_python.config import Duration  # noqa: E402
from bedrock.workers.worker import Worker  # noqa: E402


class QuickFlow(Worker):
    def execute(self, event, context):
        if event.get("wait"):
            context.wait(Duration.from_seconds(event["wait"]), name="a moment")
        if event.get("fail"):
            raise ValueError(event["fail"])
        print(f"answering {event}")
        return context.step(lambda _: {"seen": event}, name="answer")
