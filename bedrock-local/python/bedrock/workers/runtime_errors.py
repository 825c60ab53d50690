"""Errors of the runtime with the names that AWS gives them, and the worker's part of a stack trace.

Used by the local host and on Lambda (`bedrock.bootstrap`), so that both report the same.
"""

import os
import sys

# How many causes of an error are printed at most.
_MAX_CAUSES = 20
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


def print_causes(error):
    """Prints why an error of a worker was raised, which AWS's runtime leaves out of its report.

    That is the exception after `from`, the one that was being handled, or the errors of a group; and their causes.
    """
    if error.__cause__ is None and error.__context__ is None and not _members(error):
        return
    try:
        text = "".join(_cause_text(how, cause) for how, cause in _causes(error))
    except Exception:
        return  # an object of the worker fails when it is read
    if text:
        print(text, end="", file=sys.stderr)


def _causes(error):
    """Returns the causes with how they led to the error before them, nearest first."""
    causes = []
    known = {id(error)}
    waiting = [error]
    while waiting:
        outer = waiting.pop(0)
        inner = [("one of the errors", member) for member in _members(outer)]
        if outer.__cause__ is not None:
            inner.append(("caused by", outer.__cause__))
        elif outer.__context__ is not None and not outer.__suppress_context__:
            inner.append(("raised while handling", outer.__context__))
        for how, cause in inner:
            # An error may be its own cause.
            if id(cause) not in known and len(causes) < _MAX_CAUSES:
                known.add(id(cause))
                causes.append((how, cause))
                waiting.append(cause)
    return causes


def _members(error):
    """Returns the errors of a group, for example of `asyncio.TaskGroup`."""
    members = getattr(error, "exceptions", ())
    members = members if isinstance(members, tuple) else ()
    return [member for member in members if isinstance(member, BaseException)]


def _cause_text(how, cause):
    kind, message, trace = describe_error(cause)
    return f"{how}: {kind}: {message}\n" + "".join(trace)


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
