"""Entry point of a Python worker on Lambda, `bedrock.bootstrap.handler`. Loads the worker like the local host does.

AWS's runtime calls it, reads events, writes responses and reports errors. The runtime removes files with this name from
the beginning of a stack trace, so that the trace begins in the worker's own file.
"""

import os
import sys

from .workers.identity import PATH, has_callees, identity
from .workers.loader import load
from .workers.runtime_errors import LambdaRuntimeError, describe_error, print_causes, user_frames


def handler(event, context):
    """Handles one event."""
    try:
        return _handle(event, context)
    except Exception as error:
        print_causes(error)
        raise error.with_traceback(user_frames(error.__traceback__))


def _start():
    """Returns the `handle` of this environment's worker. Errors have the same type, message and trace as locally."""
    try:
        worker_info = identity()
        if worker_info is None:
            message = f"Unable to import module 'main': there is no `{PATH}`"
            raise LambdaRuntimeError("Runtime.ImportModuleError", message)
        worker = load(worker_info["class"], "main.py")()
        handle = _checked(worker.handle)
        if worker_info.get("durable"):
            # Imported here, because few workers are durable.
            from .workers.durable import durable_handler

            handle = durable_handler(handle)
        if has_callees():
            # Imported here: other functions do not need it.
            from .workers.lambda_api import create_client_early

            create_client_early()
        return handle
    except Exception as error:
        raise _for_aws_runtime(error) from None


def _checked(handle):
    """Returns `handle` with checks of event and response, if the function asks for them and has a contract."""
    path = os.path.join(os.environ.get("LAMBDA_TASK_ROOT", "."), "contract.json")
    if os.environ.get("BEDROCK_CHECK_CONTRACTS") != "1" or not os.path.exists(path):
        return handle
    # Imported here, because it is rarely asked for, and only then in the zip.
    from .workers.contract import load as load_contract

    types = load_contract(path)

    def checked_handle(event, context):
        types.check("event", event)
        response = handle(event, context)
        types.check("response", response)
        return response

    return checked_handle


def _for_aws_runtime(error):
    """Converts `error` to the exception from which AWS's runtime reads type, message and trace."""
    kind, message, trace = describe_error(error)
    # Not imported: under another runtime, that runtime would not catch this class.
    runtime = sys.modules.get("awslambdaric.lambda_runtime_exception")
    if runtime is not None:
        return runtime.FaultException(kind, message, trace)
    return type(kind, (Exception,), {})(message) if isinstance(error, LambdaRuntimeError) else error


_handle = _start()
