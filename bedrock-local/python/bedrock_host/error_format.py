"""Formats errors of a worker as the JSON of AWS's Python runtime.

It only creates error objects; `host` and `thread_pool` send them.
"""

import sys

from bedrock.workers.runtime_errors import describe_error, user_frames


def error_object(error, request_id=None):
    """Returns the error as an object for JSON, for any exception of a worker."""
    if ends_process(error):
        kind, message, trace = "Runtime.ExitError", exit_message(error, request_id), []
    else:
        kind, message, trace = describe_error(error)
    body = {"errorMessage": message, "errorType": kind, "stackTrace": trace}
    if request_id is not None:
        body["requestId"] = request_id
    return body


def ends_process(error):
    """Whether Lambda's runtime does not catch the exception, so that the process ends."""
    return not isinstance(error, Exception)


def exit_message(error, request_id):
    """Returns Lambda's message for a process that exited, here for a worker that called `sys.exit` for example."""
    if isinstance(error, KeyboardInterrupt):
        # Python ends itself with the signal.
        reason = "Runtime exited with error: signal: interrupt"
    else:
        status = exit_status(error) if isinstance(error, SystemExit) else 1
        exited = f"Runtime exited with error: exit status {status}"
        reason = exited if status else "Runtime exited without providing a reason"
    # The app adds the request id where Lambda's API does.
    return reason if request_id is not None else f"Error: {reason}"


def exit_status(error):
    """Returns the status with which `sys.exit(...)` would have ended the process."""
    if error.code is None:
        return 0
    return error.code & 0xFF if isinstance(error.code, int) else 1


def print_exit_text(error):
    """Prints the text of `sys.exit("text")`, or the stack of another exception, as the interpreter would."""
    if not isinstance(error, SystemExit):
        import traceback

        text = traceback.format_exception(type(error), error, user_frames(error.__traceback__))
        print("".join(text), end="", file=sys.stderr)
    elif error.code is not None and not isinstance(error.code, int):
        print(error.code, file=sys.stderr)
