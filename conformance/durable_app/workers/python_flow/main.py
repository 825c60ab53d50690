"""The cases of the tests in Python. `case` of the event names one."""

import sys
from pathlib import Path

# AWS's SDK is in the test tools.
TOOLS = Path(__file__).resolve().parents[4] / "target/tools/durable/lib"
sys.path.extend(str(path) for path in TOOLS.glob("python3*/site-packages"))

from aws_durable_execution_sdk_python.config import (  # noqa: E402
    CallbackConfig,
    Duration,
    StepConfig,
    WaitForCallbackConfig,
)
from aws_durable_execution_sdk_python.retries import RetryDecision  # noqa: E402
from bedrock.workers.worker import Worker  # noqa: E402


def thirty_days(context, event):
    payment = context.step(lambda _: {"paid": event["amount"]}, name="charge")
    context.wait(Duration.from_days(30), name="grace period")
    mail = context.invoke("mailer", payment, name="mail")
    return {"payment": payment, "mail": mail}


def retried(context, _):
    def attempt(step):
        if step.attempt < 3:
            raise ValueError(f"attempt {step.attempt}")
        return step.attempt

    delay = Duration.from_hours(1)
    strategy = lambda _, made: RetryDecision.retry(delay) if made < 5 else RetryDecision.no_retry()  # noqa: E731
    return context.step(attempt, name="flaky", config=StepConfig(retry_strategy=strategy))


def approval(context, event):
    options = {}
    if "timeout" in event:
        options["timeout"] = Duration.from_seconds(event["timeout"])
    if "heartbeat" in event:
        options["heartbeat_timeout"] = Duration.from_seconds(event["heartbeat"])
    callback = context.create_callback(name="approval", config=CallbackConfig(**options))
    return {"approval": callback.result()}


def waited_for(context, _):
    config = WaitForCallbackConfig(timeout=Duration.from_days(1))
    return context.wait_for_callback(lambda callback_id, _: None, name="approval", config=config)


CASES = {"thirty_days": thirty_days, "retried": retried, "approval": approval, "waited_for": waited_for}


class PythonFlow(Worker):
    def execute(self, event, context):
        return CASES[event["case"]](context, event)
