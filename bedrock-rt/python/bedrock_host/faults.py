"""What goes wrong in a worker, as the JSON that AWS's Python runtime would answer.

Knows nothing of frames: it makes error objects, `host` and `crew` send them.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_LIBRARY = os.path.join(os.path.dirname(os.path.dirname(_HERE)), "bedrock") + os.sep
_ASYNCIO = os.path.join(os.path.dirname(os.__file__), "asyncio") + os.sep
# Frames that stand between the host and the user's code; hidden while they come first in a trace.
_MACHINERY = (_HERE, _LIBRARY, _ASYNCIO, "<frozen importlib")


class Fault(Exception):
    """An error that is the runtime's own, with the name AWS gives it (`Runtime.MarshalError`)."""

    def __init__(self, error_type, message, trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.trace = list(trace)


def error_object(error, request_id=None):
    """The error JSON, as an object, for any exception a worker raised."""
    if isinstance(error, Fault):
        kind, message, trace = error.error_type, error.message, error.trace
    elif isinstance(error, SystemExit):
        kind, message, trace = "Runtime.ExitError", exit_message(error, request_id), []
    else:
        kind, message, trace = type(error).__name__, message_of(error), user_trace(error)
    answer = {"errorMessage": message, "errorType": kind, "stackTrace": trace}
    if request_id is not None:
        answer["requestId"] = request_id
    return answer


def exit_message(error, request_id):
    """Lambda's words for a process that ended itself, here for one that asked to."""
    status = exit_status(error)
    reason = (
        f"Runtime exited with error: exit status {status}" if status else "Runtime exited without providing a reason"
    )
    return f"RequestId: {request_id} Error: {reason}" if request_id is not None else f"Error: {reason}"


def exit_status(error):
    """The status `sys.exit(...)` would have ended the process with."""
    if error.code is None:
        return 0
    return error.code & 0xFF if isinstance(error.code, int) else 1


def print_exit_text(error):
    """`sys.exit("text")` prints its text, as the interpreter would."""
    if error.code is not None and not isinstance(error.code, int):
        print(error.code, file=sys.stderr)


def message_of(error):
    """`str(error)`, even when the exception's own `__str__` fails."""
    try:
        return str(error)
    except Exception:
        return f"<{type(error).__name__} without a readable message>"


def user_trace(error):
    """The stack as a list of strings, outermost first, from the first frame of user code on."""
    import traceback  # late: it is half as big as the host, and most workers never fail

    frames = [
        (frame.filename, frame.lineno, frame.name, frame.line) for frame in traceback.extract_tb(error.__traceback__)
    ]
    while frames and frames[0][0].startswith(_MACHINERY):
        del frames[0]
    return traceback.format_list(frames)
