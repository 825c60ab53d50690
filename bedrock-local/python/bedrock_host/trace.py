"""Makes `os.environ["_X_AMZN_TRACE_ID"]`, where AWS's SDKs read the trace header, depend on the thread: several
invocations share a process here.
"""

import os

from bedrock.workers.worker import CURRENT

TRACE_VARIABLE = "_X_AMZN_TRACE_ID"


class _Environ(type(os.environ)):
    """`os.environ` with the trace header of the invocation that reads it."""

    def __getitem__(self, name):
        if name == TRACE_VARIABLE:
            trace = getattr(CURRENT.get(), "trace_header", "")
            if trace:
                return trace
        return super().__getitem__(name)


def install():
    """Replaces the class of `os.environ`."""
    os.environ.__class__ = _Environ
