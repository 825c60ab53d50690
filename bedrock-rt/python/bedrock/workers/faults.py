"""What goes wrong in a worker: the errors that carry AWS's names, and the part of a stack trace that is the worker's.

Used by the local host and on Lambda (`bedrock.bootstrap`), so that both tell the same.
"""

import os

_LIBRARY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_ASYNCIO = os.path.join(os.path.dirname(os.__file__), "asyncio")
# Frames that stand between the runtime and the user's code; hidden while they come first in a trace.
_MACHINERY = (_LIBRARY + os.sep, _LIBRARY + "_host" + os.sep, _ASYNCIO + os.sep, "<frozen importlib")


class Fault(Exception):
    """An error that is the runtime's own, with the name AWS gives it (`Runtime.MarshalError`)."""

    def __init__(self, error_type, message, trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.trace = list(trace)


def described(error):
    """Type, message and trace of any exception, as AWS's runtime would tell them."""
    if isinstance(error, Fault):
        return error.error_type, error.message, error.trace
    return type(error).__name__, message_of(error), user_trace(error)


def message_of(error):
    """`str(error)`, even when the exception's own `__str__` fails."""
    try:
        return str(error)
    except Exception:
        return f"<{type(error).__name__} without a readable message>"


def user_trace(error):
    """The stack as a list of strings, outermost first, from the first frame of user code on."""
    import traceback  # late: it is half as big as the host, and most workers never fail

    frames = traceback.extract_tb(user_frames(error.__traceback__))
    return traceback.format_list([(frame.filename, frame.lineno, frame.name, frame.line) for frame in frames])


def user_frames(trace):
    """A traceback without the frames in front of the user's code; None when nothing is left."""
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_MACHINERY):
        trace = trace.tb_next
    return trace
