"""The context object of the invocation that the running code belongs to, or None outside of an invocation.

A context variable instead of a thread local: asyncio tasks and `asyncio.to_thread` inherit it, while plain threads of a
worker (which may outlive the invocation) do not.
"""

from contextvars import ContextVar

CURRENT = ContextVar("bedrock_invocation", default=None)

# The longest remaining time of an invocation of this process at its start; 0 before the first one.
_max_remaining_ms = 0


def enter(context):
    """Makes `context` the current invocation. Called by the runtime at the start of the invocation."""
    global _max_remaining_ms
    CURRENT.set(context)
    _max_remaining_ms = max(_max_remaining_ms, _remaining_ms_of(context) or 0)


def remaining_ms():
    """Returns the remaining milliseconds of the current invocation, or None if the caller has no deadline."""
    return _remaining_ms_of(CURRENT.get())


def max_remaining_ms():
    """Returns the function's timeout in milliseconds as far as it is known, or None before the first invocation."""
    return _max_remaining_ms or None


def _remaining_ms_of(context):
    # A worker's own unit tests may pass any object, or None, as the context.
    method = getattr(context, "get_remaining_time_in_millis", None)
    return None if method is None else method()
