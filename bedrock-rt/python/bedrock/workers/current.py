"""Which invocation the running code belongs to: its context object, or None outside of one.

A context variable rather than a thread local, so that asyncio tasks and `asyncio.to_thread`
inherit it, while plain threads of a worker (which may outlive the invocation) do not.
"""

from contextvars import ContextVar

CURRENT = ContextVar("bedrock_invocation", default=None)

# The most time any invocation of this process had at its start; 0 until one has begun.
_longest_ms = 0


def enter(context):
    """Makes `context` the current invocation; for the runtime, which calls it when the time is still whole."""
    global _longest_ms
    CURRENT.set(context)
    _longest_ms = max(_longest_ms, _left(context) or 0)


def remaining_ms():
    """Milliseconds the current invocation has left, or None when nothing limits the caller."""
    return _left(CURRENT.get())


def longest_ms():
    """The function's timeout as far as this process has seen it, or None before its first invocation."""
    return _longest_ms or None


def _left(context):
    # A worker's own unit tests pass any object, or None, for the context.
    left = getattr(context, "get_remaining_time_in_millis", None)
    return None if left is None else left()
