"""`_X_AMZN_TRACE_ID` in the environment, where AWS's SDKs look for it: here several invocations share a process, so it is
another one on each thread."""

import os

from bedrock.workers.current import CURRENT

NAME = "_X_AMZN_TRACE_ID"


class _Environ(type(os.environ)):
    """Knows the trace of the invocation that asks; anything else is as it was."""

    def __getitem__(self, name):
        if name == NAME:
            trace = getattr(CURRENT.get(), "trace_header", "")
            if trace:
                return trace
        return super().__getitem__(name)


def install():
    """From now on."""
    os.environ.__class__ = _Environ
