"""The base class of Python workers.

`handle` is what Lambda and the local host call; a worker only writes `execute`, plain or async.
Reading events, writing responses and reporting errors is left to the runtime around it.
"""

from _thread import _local

from .current import CURRENT, enter

# Results of these types cannot be awaitable; asking the set is cheaper than asking the object.
_PLAIN = frozenset((dict, list, str, int, float, bool, tuple, type(None)))
_loops = _local()


class Worker:
    """One instance lives as long as its Lambda environment (locally: as long as its thread)."""

    def execute(self, event, context):
        """Does the work: takes the decoded event, returns anything JSON can hold."""
        raise NotImplementedError(f"`{type(self).__name__}` must define `execute(self, event, context)`")

    def handle(self, event, context):
        """Runs `execute` for one invocation and waits for it when it is async."""
        if CURRENT.get() is not context:
            enter(context)
        result = self.execute(event, context)
        if type(result) in _PLAIN or not hasattr(type(result), "__await__"):
            return result
        return _run(result)


def _run(awaitable):
    """Waits for `awaitable` on this thread's event loop, which outlives the invocation.

    A loop of its own per call would close the connections that async clients keep for the next call.
    """
    loop = getattr(_loops, "loop", None)
    if loop is None or loop.is_closed():
        # Here, not at the top: asyncio costs more to import than the rest of a plain worker.
        import asyncio

        loop = _loops.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
    return loop.run_until_complete(_wait(awaitable))


async def _wait(awaitable):
    """Any awaitable as a coroutine, which is what an event loop takes."""
    return await awaitable
