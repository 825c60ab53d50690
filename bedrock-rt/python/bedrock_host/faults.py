"""What goes wrong in a worker, as the JSON that AWS's Python runtime would answer.

Knows nothing of frames: it makes error objects, `host` and `crew` send them.
"""

import sys

from bedrock.workers.faults import described


def error_object(error, request_id=None):
    """The error JSON, as an object, for any exception a worker raised."""
    if isinstance(error, SystemExit):
        kind, message, trace = "Runtime.ExitError", exit_message(error, request_id), []
    else:
        kind, message, trace = described(error)
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
