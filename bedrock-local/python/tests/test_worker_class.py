"""Tests of the base class without a host, as in unit tests of workers."""

import asyncio
import threading

import pytest

from bedrock.workers.worker import Worker


def test_execute_must_be_defined():
    class Empty(Worker):
        pass

    with pytest.raises(NotImplementedError, match=r"`Empty` must define `execute\(self, event, context\)`"):
        Empty().handle({}, None)


def test_handle_returns_the_result_of_execute():
    class Echo(Worker):
        def execute(self, event, context):
            return event, context

    assert Echo().handle(1, None) == (1, None)


def test_async_execute_runs_on_one_loop_per_thread():
    class Loops(Worker):
        async def execute(self, event, context):
            return asyncio.get_running_loop()

    worker, results = Loops(), []
    first = worker.handle({}, None)
    assert worker.handle({}, None) is first
    thread = threading.Thread(target=lambda: results.append(worker.handle({}, None)))
    thread.start()
    thread.join(30)
    assert results[0] is not first
    first.close()
    assert not worker.handle({}, None).is_closed()
