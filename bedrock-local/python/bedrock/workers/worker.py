"""The base class of Python workers, and the invocation that is running. One file, because each init imports both.

Lambda and the local host call `handle`; a worker only defines `execute`, as a plain or an async method. The runtime
reads events, writes responses and reports errors.
"""

from contextvars import ContextVar

# The context object of the invocation that the running code belongs to, or None outside of an invocation. A context variable
# instead of a thread local: asyncio tasks and `asyncio.to_thread` inherit it, while plain threads of a worker (which may
# outlive the invocation) do not.
CURRENT = ContextVar("bedrock_invocation", default=None)

# The longest remaining time of an invocation of this process at its start; 0 before the first one.
_max_remaining_ms = 0

# Types that are not awaitable. Looking up the type is faster than inspecting the object.
_PLAIN = frozenset((dict, list, str, int, float, bool, tuple, type(None)))


class Worker:
    """Base class of workers. An instance lives as long as its Lambda environment (locally: as long as its thread)."""

    def execute(self, event, context):
        """Handles one event: takes the decoded event and returns a value that JSON can represent."""
        raise NotImplementedError(f"`{type(self).__name__}` must define `execute(self, event, context)`")

    def handle(self, event, context):
        """Runs `execute` for one invocation, and waits for it if it is async."""
        # The context of a durable execution contains that of the invocation.
        invocation = getattr(context, "lambda_context", None) or context
        if CURRENT.get() is not invocation:
            enter(invocation)
        result = self.execute(event, context)
        if type(result) in _PLAIN or not hasattr(type(result), "__await__"):
            return result
        # Imported here, because few workers are async, and asyncio takes longer than the rest of a plain worker.
        from .event_loop import run

        return run(result)


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
