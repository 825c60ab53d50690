"""Handlers of AWS's conformance requirements for durable functions, in Python.

The name of an execution begins with the number of its requirement, `3-1`. The validator sends `{"Input": …}`.
"""

import json
import os
import sys
import time

# AWS's SDK is in the test tools.
sys.path.append(os.environ["DURABLE_SDK"])

from aws_durable_execution_sdk_python import StepError  # noqa: E402
from aws_durable_execution_sdk_python.concurrency.models import BatchItem, BatchItemStatus  # noqa: E402
from aws_durable_execution_sdk_python.concurrency.models import BatchResult, CompletionReason  # noqa: E402
from aws_durable_execution_sdk_python.config import (  # noqa: E402
    CallbackConfig,
    ChildConfig,
    CompletionConfig,
    Duration,
    InvokeConfig,
    MapConfig,
    NestingType,
    ParallelConfig,
    StepConfig,
    WaitForCallbackConfig,
)
from aws_durable_execution_sdk_python.retries import (  # noqa: E402
    JitterStrategy,
    RetryDecision,
    RetryPresets,
    RetryStrategyConfig,
    create_retry_strategy,
)
from aws_durable_execution_sdk_python.serdes import JsonSerDes, SerDes  # noqa: E402
from aws_durable_execution_sdk_python.waits import WaitForConditionConfig, WaitForConditionDecision  # noqa: E402
from bedrock.workers.worker import Worker  # noqa: E402

NO_RETRY = StepConfig(retry_strategy=RetryPresets.none())


def seconds(number):
    return Duration.from_seconds(number)


def after(number, attempts=9):
    """Retries after `number` seconds, at most `attempts` times in all."""
    return lambda error, made: RetryDecision.retry(seconds(number)) if made < attempts else RetryDecision.no_retry()


def fail(message="no"):
    def function(_):
        raise RuntimeError(message)

    return function


def fails_until(attempt, value, error=RuntimeError):
    def function(step):
        if step.attempt < attempt:
            raise error("not yet")
        return value

    return function


class TransientError(Exception):
    pass


class Upper(SerDes):
    def serialize(self, value, _):
        return value.upper()

    def deserialize(self, data, _):
        return data


class Joined(SerDes):
    """Serializes the results of a `map`."""

    def serialize(self, value, _):
        return "OPSERDE:" + ",".join(value.get_results())

    def deserialize(self, data, _):
        items = enumerate(data.removeprefix("OPSERDE:").split(","))
        items = [BatchItem(i, BatchItemStatus.SUCCEEDED, item) for i, item in items]
        return BatchResult(items, CompletionReason.ALL_COMPLETED)


def sequence(ctx, event):
    first = ctx.step(lambda _: "first")
    return ctx.step(lambda _: f"{first}_second")


def step_then_wait(value, wait=1):
    def handler(ctx, event):
        result = ctx.step(lambda _: value)
        ctx.wait(seconds(wait))
        return result

    return handler


def failed_step_then_wait(ctx, event):
    try:
        ctx.step(fail(), config=NO_RETRY)
    except StepError:
        pass
    ctx.wait(seconds(1))


def fallback(ctx, event):
    try:
        ctx.step(fail(), config=NO_RETRY)
    except StepError:
        return ctx.step(lambda _: "fallback_result")


def crash_once(ctx, event, config, value):
    """Ends the process in the first run of a step."""

    def function(_):
        key = ctx.execution_context.durable_execution_arn
        path = os.path.join(os.environ["DURABLE_STATE"], key.rpartition("/")[2])
        if not os.path.exists(path):
            open(path, "w").close()
            # The SDK sends the start of the step in the background.
            time.sleep(2)
            os._exit(1)
        return value

    return ctx.step(function, config=config)


def two_waits(ctx, event):
    ctx.wait(seconds(2), name="wait-1")
    ctx.wait(seconds(2), name="wait-2")
    return {"completedWaits": 2}


def child(ctx, function, **options):
    return ctx.run_in_child_context(function, **options)


def nested(ctx, event):
    def inner(context):
        return context.step(lambda _: event)

    def outer(context):
        context.step(lambda _: event)
        return context.run_in_child_context(inner, name="inner")

    return child(ctx, outer, name="outer")


def recovered_child(ctx, event):
    try:
        child(ctx, lambda context: context.step(fail(), config=NO_RETRY), name="child")
    except Exception:
        return ctx.step(lambda _: event)


def child_then_wait(ctx, event):
    result = child(ctx, lambda context: context.step(lambda _: event), name="child")
    ctx.wait(seconds(1))
    return result


def child_with_wait(ctx, event):
    def function(context):
        result = context.step(lambda _: event)
        context.wait(seconds(1))
        return result

    return child(ctx, function, name="child")


def wait_in_child_then_step(ctx, event):
    def function(context):
        context.wait(seconds(1))
        return event

    result = child(ctx, function, name="child")
    return ctx.step(lambda _: result)


def mixed(ctx, event):
    result = child_with_wait(ctx, event)
    ctx.step(lambda _: result)
    ctx.wait(seconds(1))
    return result


def callback(ctx, name, **config):
    return ctx.create_callback(name=name, config=CallbackConfig(**config))


def wait_for(timeout=None, heartbeat=None, step=False, wait=0):
    def handler(ctx, event):
        options = {}
        if timeout:
            options["timeout"] = seconds(timeout)
        if heartbeat:
            options["heartbeat_timeout"] = seconds(heartbeat)
        created = callback(ctx, event, **options)
        if step:
            ctx.step(lambda _: "done")
        if wait:
            ctx.wait(seconds(wait))
        return created.result()

    return handler


def caught_callback(timeout=None):
    def handler(ctx, event):
        created = callback(ctx, event, **({"timeout": seconds(timeout)} if timeout else {}))
        try:
            result = created.result()
        except Exception as error:
            result = str(error)
        ctx.wait(seconds(2))
        return result

    return handler


def callback_then_wait(ctx, event):
    result = callback(ctx, event).result()
    ctx.wait(seconds(2))
    return result


def two_callbacks(order):
    def handler(ctx, event):
        if order == "sequential":
            return [callback(ctx, name).result() for name in event]
        created = [callback(ctx, name) for name in event]
        if order == "reversed":
            last = created[1].result()
            return [created[0].result(), last]
        return [one.result() for one in created]

    return handler


def count_callback(ctx, event):
    class Number(SerDes):
        def serialize(self, value, _):
            return str(value)

        def deserialize(self, data, _):
            return int(data)

    count = callback(ctx, event, serdes=Number()).result()
    return {"count": count, "doubled": count * 2}


def echo(ctx, payload, **options):
    return ctx.invoke(os.environ["ECHO"], payload, **options)


def failing_target(ctx):
    return ctx.invoke(os.environ["FAILING"], {})


def caught_target(ctx, event):
    try:
        return failing_target(ctx)
    except Exception:
        return "fallback"


def caught_target_then_wait(ctx, event):
    caught_target(ctx, event)
    ctx.wait(seconds(1))


def echo_then_wait(ctx, event):
    result = echo(ctx, "x")
    ctx.wait(seconds(1))
    return result


class UpperData(SerDes):
    def serialize(self, value, _):
        return json.dumps({"data": value["data"].upper()})

    def deserialize(self, data, _):
        return json.loads(data)


class UpperJson(SerDes):
    def serialize(self, value, _):
        return json.dumps(value)

    def deserialize(self, data, _):
        return data.upper()


def poll(until, start=0, delay=1, step=1):
    def handler(ctx, event, **options):
        target = event if until is None else until

        def strategy(state, _):
            if state >= target:
                return WaitForConditionDecision.stop_polling()
            return WaitForConditionDecision.continue_waiting(seconds(delay))

        config = WaitForConditionConfig(wait_strategy=strategy, initial_state=start)
        return ctx.wait_for_condition(lambda state, _: state + step, config=config, **options)

    return handler


def submitted(name=None, **config):
    def handler(ctx, event):
        chosen = name if name is not None else event
        options = {"config": WaitForCallbackConfig(**config)} if config else {}
        return ctx.wait_for_callback(lambda callback_id, _: None, name=chosen, **options)

    return handler


def caught(handler, value):
    def function(ctx, event):
        try:
            return handler(ctx, event)
        except Exception:
            return value

    return function


def failing_submitter(ctx, event):
    def submit(callback_id, _):
        raise RuntimeError("no")

    config = WaitForCallbackConfig(retry_strategy=after(1, attempts=2))
    return ctx.wait_for_callback(submit, name=event, config=config)


def step_then_callback(ctx, event):
    ctx.wait(seconds(1))
    ctx.step(lambda _: "data")
    return submitted()(ctx, event)


def parallel(*branches, **options):
    name = options.pop("name", "parallel")
    config = ParallelConfig(**{"max_concurrency": 1, **options})
    return lambda ctx, event: ctx.parallel(list(branches), name=name, config=config)


def parallel_results(*branches, **options):
    run = parallel(*branches, **options)
    return lambda ctx, event: run(ctx, event).get_results()


def returns(value):
    return lambda _: value


def steps(value):
    return lambda context: context.step(lambda _: value)


def wait_then(value):
    def branch(context):
        context.wait(seconds(2))
        return value

    return branch


def branches(branches, completion, keys):
    run = parallel(*branches, completion_config=completion)
    return lambda ctx, event: projection(run(ctx, event), keys)


def projection(result, keys):
    values = {
        "completionReason": result.completion_reason.value,
        "status": result.status.value,
        "successCount": result.success_count,
        "failureCount": result.failure_count,
        "totalCount": result.total_count,
    }
    return {key: values[key] for key in keys}



def one_by_one(**options):
    return MapConfig(max_concurrency=1, **options)


def batch(items, function, completion, keys):
    def handler(ctx, event):
        result = ctx.map(items, function, config=one_by_one(completion_config=completion))
        return projection(result, keys)

    return handler


def fails_at(*numbers, result=None):
    def function(ctx, item, index, items):
        if index in numbers:
            raise RuntimeError(f"item {index}")
        return result or f"r{index}"

    return function


def map_results(items, function, **options):
    return lambda ctx, event: ctx.map(items or event, function, config=one_by_one(**options)).get_results()


def map_then_wait(ctx, event):
    results = ctx.map(["a", "b"], lambda _, item, index, items: item.upper(), config=one_by_one()).get_results()
    ctx.wait(seconds(1))
    return results


def map_with_wait(ctx, event):
    def function(context, item, index, items):
        if index == 1:
            context.wait(seconds(1))
        return context.step(lambda _: f"r{index}")

    return ctx.map([0, 1], function, config=one_by_one()).get_results()


ALL = ["completionReason", "status", "successCount", "failureCount", "totalCount"]
COUNTS = ["completionReason", "successCount", "failureCount", "totalCount"]
COUNTED = ["completionReason", "successCount", "totalCount"]

HANDLERS = {
    "1-1": lambda ctx, event: ctx.step(lambda _: f"Hello, {event}!"),
    "1-2": lambda ctx, event: ctx.step(lambda _: f"Hello, {event}!", name="custom_step_name"),
    "1-3": sequence,
    "1-4": lambda ctx, event: ctx.step(lambda _: {"user": event, "count": len(event["tags"])}),
    "1-5": lambda ctx, event: ctx.step(lambda _: None),
    "1-6": lambda ctx, event: ctx.step(lambda _: event, config=StepConfig(serdes=Upper())),
    "1-8": step_then_wait("computed", wait=2),
    "1-9": step_then_wait("cached_value"),
    "1-10": failed_step_then_wait,
    "1-11": lambda ctx, event: ctx.step(
        fails_until(2, "Operation succeeded"), config=StepConfig(retry_strategy=after(1))
    ),
    "1-12": lambda ctx, event: ctx.step(fail(), config=StepConfig(retry_strategy=after(1, attempts=4))),
    "1-14": lambda ctx, event: ctx.step(
        fails_until(3, "done"),
        config=StepConfig(
            retry_strategy=create_retry_strategy(
                RetryStrategyConfig(
                    max_attempts=5, initial_delay=seconds(2), backoff_rate=3, jitter_strategy=JitterStrategy.NONE
                )
            )
        ),
    ),
    "1-15": lambda ctx, event: ctx.step(
        fails_until(2, "done", TransientError),
        config=StepConfig(
            retry_strategy=lambda error, made: after(1)(error, made)
            if isinstance(error, TransientError)
            else RetryDecision.no_retry()
        ),
    ),
    "1-16": lambda ctx, event: ctx.step(fails_until(9, None, TransientError), config=NO_RETRY),
    "1-19": lambda ctx, event: ctx.step(fail(), config=NO_RETRY),
    "1-20": fallback,
    "2-1": lambda ctx, event: ctx.wait(seconds(2)),
    "2-2": lambda ctx, event: ctx.wait(seconds(2), name="custom_wait_name"),
    "2-3": two_waits,
    "2-4": lambda ctx, event: ctx.wait(Duration.from_minutes(1)),
    "2-5": lambda ctx, event: ctx.wait(Duration.from_hours(1)),
    "3-1": lambda ctx, event: child(ctx, lambda context: context.step(lambda _: event), name="child"),
    "3-2": lambda ctx, event: child(
        ctx, lambda context: context.step(lambda _: event["value"]), name=event["name"]
    ),
    "3-4": lambda ctx, event: child(ctx, lambda context: context.step(fail(), config=NO_RETRY), name="child"),
    "3-5": recovered_child,
    "3-6": nested,
    "3-7": lambda ctx, event: child(
        ctx,
        lambda context: context.step(fails_until(2, event), config=StepConfig(retry_strategy=after(1))),
        name="child",
    ),
    "3-8": lambda ctx, event: child(
        ctx, lambda context: context.step(fail(), config=StepConfig(retry_strategy=after(1, attempts=2))), name="child"
    ),
    "3-9": child_then_wait,
    "3-10": child_with_wait,
    "3-12": lambda ctx, event: child(
        ctx, lambda context: crash_once(context, event, StepConfig(), event), name="child"
    ),
    "3-13": wait_in_child_then_step,
    "3-14": lambda ctx, event: child(
        ctx, lambda context: context.step(lambda _: event), name="child", config=ChildConfig(serdes=Upper())
    ),
    "3-15": lambda ctx, event: child(ctx, fail(), name="child"),
    "3-16": lambda ctx, event: child(ctx, lambda context: None, name="child"),
    "3-18": mixed,
    "4-1": wait_for(),
    "4-2": lambda ctx, event: callback(ctx, "approval").result(),
    "4-3": wait_for(timeout=5),
    "4-4": wait_for(heartbeat=5),
    "4-5": wait_for(heartbeat=10),
    "4-6": wait_for(),
    "4-7": wait_for(step=True),
    "4-8": wait_for(timeout=5, step=True),
    "4-9": wait_for(wait=5),
    "4-10": wait_for(wait=5),
    "4-11": wait_for(timeout=3, wait=6),
    "4-12": callback_then_wait,
    "4-13": caught_callback(),
    "4-14": caught_callback(timeout=3),
    "4-16": count_callback,
    "4-17": two_callbacks("sequential"),
    "4-18": two_callbacks("in order"),
    "4-19": two_callbacks("reversed"),
    "5-1": lambda ctx, event: echo(ctx, event),
    "5-2": lambda ctx, event: echo(ctx, event["payload"], name=event["name"]),
    "5-3": lambda ctx, event: echo(ctx, event),
    "5-4": lambda ctx, event: echo(ctx, None),
    "5-5": lambda ctx, event: failing_target(ctx),
    "5-6": caught_target,
    "5-7": lambda ctx, event: len(echo(ctx, "x" * 200_000)),
    "5-8": lambda ctx, event: echo(ctx, event["payload"], config=InvokeConfig(tenant_id=event["tenantId"])),
    "5-9": echo_then_wait,
    "5-10": caught_target_then_wait,
    "5-11": lambda ctx, event: echo(ctx, ctx.step(lambda _: "stepped")),
    "5-12": lambda ctx, event: (lambda result: ctx.step(lambda _: result))(echo(ctx, "x")),
    "5-13": lambda ctx, event: child(ctx, lambda context: echo(context, "x"), name="child"),
    "5-14": lambda ctx, event: [echo(ctx, "first"), echo(ctx, "second")],
    "5-15": lambda ctx, event: echo(ctx, event, config=InvokeConfig(serdes_payload=UpperData())),
    "5-16": lambda ctx, event: echo(ctx, event, config=InvokeConfig(serdes_result=UpperJson())),
    "6-1": poll(None),
    "6-2": poll(None, start=5, step=0),
    "6-3": lambda ctx, event: poll(2)(ctx, event, name="poll-status"),
    "6-4": poll(None, start=5),
    "6-5": poll(None, delay=2),
    "7-1": submitted(),
    "7-2": submitted("approval"),
    "7-4": submitted(),
    "7-5": submitted(timeout=seconds(3)),
    "7-6": caught(submitted(), "recovered"),
    "7-7": failing_submitter,
    "7-8": lambda ctx, event: child(ctx, lambda context: submitted()(context, event), name="wrapper"),
    "7-9": lambda ctx, event: [submitted("first")(ctx, event), submitted("second")(ctx, event)],
    "7-10": step_then_callback,
    "7-12": submitted(heartbeat_timeout=seconds(5)),
    "7-13": submitted(heartbeat_timeout=seconds(10)),
    "7-14": caught(submitted(timeout=seconds(3)), "timed-out-handled"),
    "7-15": submitted(),
    "8-1": parallel_results(steps("task-1"), steps("task-2")),
    "8-2": parallel_results(returns("alpha"), returns("beta"), name=None),
    "8-4": parallel_results(returns("hello"), returns(42), returns({"k": "v"})),
    "8-5": parallel_results(),
    "8-6": branches([returns("ok"), fail(), returns("ok")], CompletionConfig(tolerated_failure_count=0), ALL),
    "8-8": branches([returns("ok")] * 4, CompletionConfig(min_successful=2), COUNTED),
    "8-9": branches([returns("ok"), fail(), returns("ok")], CompletionConfig(tolerated_failure_count=1), ALL),
    "8-10": branches([fail(), fail(), returns("ok")], CompletionConfig(tolerated_failure_count=1), COUNTS),
    "8-11": parallel_results(returns("r0"), returns("r1"), returns("r2"), max_concurrency=2),
    "8-12": parallel_results(steps("fa"), steps("fb"), nesting_type=NestingType.FLAT),
    "8-14": parallel_results(steps("b0"), wait_then("b1")),
    "8-16": branches([fail()] * 3, CompletionConfig(tolerated_failure_count=3), ALL),
    "8-18": branches(
        [fail(), fail(), returns("ok"), returns("ok")],
        CompletionConfig(min_successful=3, tolerated_failure_count=1),
        COUNTS,
    ),
    "9-2": map_results(None, lambda _, item, index, items: item * 2),
    "9-3": map_results(None, lambda _, item, index, items: item + index),
    "9-4": lambda ctx, event: ctx.map([], fails_at()).get_results(),
    "9-5": batch([0, 1, 2], fails_at(1, result="ok"), CompletionConfig(tolerated_failure_count=0), ALL),
    "9-7": batch([0, 1, 2, 3], fails_at(), CompletionConfig(min_successful=2), COUNTED),
    "9-8": batch([0, 1, 2], fails_at(1), CompletionConfig(tolerated_failure_count=1), ALL),
    "9-9": batch([0, 1, 2], fails_at(0, 1), CompletionConfig(tolerated_failure_count=1), COUNTS),
    "9-10": batch([0, 1, 2, 3], fails_at(0, 1), CompletionConfig(tolerated_failure_percentage=25), COUNTS),
    "9-11": lambda ctx, event: ctx.map([0, 1, 2], fails_at(), config=MapConfig(max_concurrency=2)).get_results(),
    "9-12": map_results(
        ["fa", "fb"], lambda context, item, index, items: context.step(lambda _: item), nesting_type=NestingType.FLAT
    ),
    "9-13": map_results(
        None, lambda _, item, index, items: item * 10, item_namer=lambda item, index: f"item-{item}"
    ),
    "9-15": map_with_wait,
    "9-17": map_then_wait,
    "9-19": map_results(
        ["x", "y"], lambda _, item, index, items: item.upper(), serdes=Joined(), item_serdes=JsonSerDes()
    ),
}

class Handlers(Worker):
    def execute(self, event, context):
        name = context.execution_context.durable_execution_arn.split("/")[-2]
        return HANDLERS["-".join(name.split("-")[:2])](context, event.get("Input"))
