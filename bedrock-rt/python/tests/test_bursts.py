"""Calls that arrive together: their answers may leave together, but never wait for a call that turns out slow."""

import json

from app_driver import PATIENCE, RESPONSE, invoke_frame

WORKER = """
from bedrock.workers.worker import Worker
import os

class Subject(Worker):
    def execute(self, event, context):
        if event == "exit":
            os._exit(3)
        if isinstance(event, str):
            open(event, "rb", buffering=0).read(1)
        return event
"""


def burst(host, events):
    """Sends all events in one write, after the worker has been seen to be quick; gives their ids."""
    for number in range(20):
        assert host.result(number) == number
    calls = [host._calls + 1 + number for number in range(len(events))]
    host._calls += len(events)
    host.data.sendall(b"".join(invoke_frame(call, json.dumps(event).encode()) for call, event in zip(calls, events)))
    return calls


def test_every_call_of_a_burst_is_answered_once(launch):
    host = launch(WORKER).ready()
    calls = burst(host, list(range(500)))
    assert [host.answer(call) for call in calls] == [(RESPONSE, number) for number in range(500)]


def test_answers_do_not_wait_for_a_call_of_their_burst_that_hangs(launch, gate):
    host = launch(WORKER).ready()
    *quick, held = burst(host, [1, 2, 3, gate.path])
    assert host.poke_until_answered(quick[-1]) == (RESPONSE, 3)
    assert [host.answer(call) for call in quick] == [(RESPONSE, 1), (RESPONSE, 2), (RESPONSE, 3)]
    assert not host.has_answered(held)
    gate.open()
    assert host.answer(held) == (RESPONSE, gate.path)


def test_a_call_that_ends_the_process_does_not_take_answers_of_its_burst_along(launch):
    host = launch(WORKER).ready()
    *quick, last = burst(host, [1, 2, 3, "exit"])
    assert [host.answer(call) for call in quick] == [(RESPONSE, 1), (RESPONSE, 2), (RESPONSE, 3)]
    assert host.answer(last) is None
    assert host.process.wait(PATIENCE) == 3
