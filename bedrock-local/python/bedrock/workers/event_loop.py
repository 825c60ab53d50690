"""Runs what an async worker returns, on an event loop of its thread."""

import asyncio
from _thread import _local

_loops = _local()


def run(awaitable):
    """Waits for `awaitable` on this thread's event loop, which outlives the invocation.

    A new loop for each call would close the connections that async clients keep for the next call.
    """
    loop = getattr(_loops, "loop", None)
    if loop is None or loop.is_closed():
        loop = _loops.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
    return loop.run_until_complete(_wait(awaitable))


async def _wait(awaitable):
    """Converts an awaitable to a coroutine, which an event loop requires."""
    return await awaitable
