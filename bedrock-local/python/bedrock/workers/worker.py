"""The base class of Python workers.

Lambda and the local host call `handle`; a worker only defines `execute`, as a plain or an async method. The runtime
reads events, writes responses and reports errors.
"""

from _thread import _local

from .current import CURRENT, enter

# Types that are not awaitable. Looking up the type is faster than inspecting the object.
_PLAIN = frozenset((dict, list, str, int, float, bool, tuple, type(None)))
_loops = _local()


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
        return _run(result)


def _run(awaitable):
    """Waits for `awaitable` on this thread's event loop, which outlives the invocation.

    A new loop for each call would close the connections that async clients keep for the next call.
    """
    loop = getattr(_loops, "loop", None)
    if loop is None or loop.is_closed():
        # Imported here, because importing asyncio takes longer than the rest of a plain worker.
        import asyncio

        loop = _loops.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
    return loop.run_until_complete(_wait(awaitable))


async def _wait(awaitable):
    """Converts an awaitable to a coroutine, which an event loop requires."""
    return await awaitable
