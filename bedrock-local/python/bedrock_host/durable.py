"""Runs a durable worker with AWS's SDK: `execute` gets the SDK's own `DurableContext`.

The SDK is one of the worker's dependencies. Neither the SDK nor the worker is changed.
"""

from bedrock.workers.runtime_errors import LambdaRuntimeError


def durable(worker_class):
    """Returns a function that creates a worker whose `handle` the SDK calls for each replay."""
    try:
        from aws_durable_execution_sdk_python import durable_execution
    except ImportError as error:
        message = (
            f"Unable to import module 'main': a durable worker needs AWS's SDK ({error}); "
            "add `aws-durable-execution-sdk-python` to its `requirements.txt`"
        )
        raise LambdaRuntimeError("Runtime.ImportModuleError", message) from None

    class DurableWorker:
        def __init__(self):
            self._execute = durable_execution(worker_class().handle)

        def handle(self, event, context):
            if not isinstance(event, dict) or "DurableExecutionArn" not in event:
                message = "a durable worker runs in an execution, which `cargo bedrock dev` starts"
                raise LambdaRuntimeError("Runtime.DurableConfigError", message)
            return self._execute(event, context)

    return DurableWorker
