"""Errors of the runtime with the names that AWS gives them, and the worker's part of a stack trace.

Used by the local host and on Lambda (`bedrock.bootstrap`), so that both report the same.
"""

import os
import sys

_LIBRARY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_ASYNCIO = os.path.join(os.path.dirname(os.__file__), "asyncio")
# Paths of frames between the runtime and the user's code. They are removed from the beginning of a trace.
_HIDDEN_PATHS = (_LIBRARY + os.sep, _LIBRARY + "_host" + os.sep, _ASYNCIO + os.sep, "<frozen importlib")


class LambdaRuntimeError(Exception):
    """An error of the runtime, with the name that AWS gives it (for example `Runtime.MarshalError`)."""

    def __init__(self, error_type, message, trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.trace = list(trace)


def describe_error(error):
    """Returns type, message and trace of any exception, as AWS's runtime reports them."""
    if isinstance(error, LambdaRuntimeError):
        return error.error_type, error.message, error.trace
    return type(error).__name__, message_of(error), user_trace(error)


def message_of(error):
    """Returns `str(error)`, even if the exception's own `__str__` fails."""
    try:
        return str(error)
    except Exception:
        return f"<{type(error).__name__} without a readable message>"


def user_trace(error):
    """Returns the stack as a list of strings, outermost first, from the first frame of the user's code on."""
    import traceback  # imported late: it is half as big as the host, and most workers never fail

    frames = traceback.extract_tb(user_frames(error.__traceback__))
    return traceback.format_list([(frame.filename, frame.lineno, frame.name, frame.line) for frame in frames])


def user_frames(trace):
    """Returns a traceback without the frames before the user's code, or None if no frame remains."""
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_HIDDEN_PATHS):
        trace = trace.tb_next
    return trace


def for_aws_runtime(error):
    """Converts the error of an init to the exception from which AWS's runtime reads type, message and trace."""
    kind, message, trace = describe_error(error)
    # Not imported: under another runtime, that runtime would not catch this class.
    runtime = sys.modules.get("awslambdaric.lambda_runtime_exception")
    if runtime is not None:
        return runtime.FaultException(kind, message, trace)
    return type(kind, (Exception,), {})(message) if isinstance(error, LambdaRuntimeError) else error
