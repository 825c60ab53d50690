"""Runs a durable worker with AWS's SDK: `execute` gets the SDK's own `DurableContext`.

The SDK is one of the worker's dependencies. Neither the SDK nor the worker is changed. Used by the local host and on
Lambda (`bedrock.bootstrap`).
"""

from .runtime_errors import LambdaRuntimeError

_NOT_DURABLE = (
    "the event is not of a durable execution: durable workers run in `cargo bedrock dev`, and on Lambda in functions "
    "that were created with a `DurableConfig`"
)


def durable_handler(handle, client=None):
    """Returns a handler that calls `handle` for each replay of an execution, with the event and the SDK's context.

    `client` takes the place of the boto3 client for checkpoints.
    """
    try:
        from aws_durable_execution_sdk_python import durable_execution
    except ImportError as error:
        message = (
            f"Unable to import module 'main': a durable worker needs AWS's SDK ({error}); "
            "add `aws-durable-execution-sdk-python` to its `requirements.txt`"
        )
        raise LambdaRuntimeError("Runtime.ImportModuleError", message) from None
    execute = durable_execution(handle, boto3_client=_client() if client is None else client)

    def handler(event, context):
        if not isinstance(event, dict) or "DurableExecutionArn" not in event:
            raise LambdaRuntimeError("Runtime.DurableConfigError", _NOT_DURABLE)
        return execute(event, context)

    return handler


def _client():
    """Returns a client for checkpoints that replaces the names of workers of this app by their functions.

    Lambda knows only functions, and `context.invoke` sends its first argument in a checkpoint.
    """
    import boto3
    from botocore.config import Config

    # The timeouts of the SDK's own client.
    client = boto3.client("lambda", config=Config(connect_timeout=5, read_timeout=50))
    client.meta.events.register("provide-client-params.lambda.CheckpointDurableExecution", _with_functions)
    return client


def _with_functions(params, **_):
    """Returns the parameters of a checkpoint with functions instead of names of workers."""
    from .lambda_api import resolve

    updates = []
    for update in params.get("Updates", ()):
        options = update.get("ChainedInvokeOptions")
        if options and options.get("FunctionName"):
            options = {**options, "FunctionName": resolve(options["FunctionName"])}
            update = {**update, "ChainedInvokeOptions": options}
        updates.append(update)
    return {**params, "Updates": updates} if updates else params
