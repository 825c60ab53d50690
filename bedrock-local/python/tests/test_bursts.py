"""Tests of calls that arrive together: their responses may be sent together, but never wait for a slow call."""

import json

from app_driver import TEST_TIMEOUT_SECONDS, RESPONSE, invoke_frame

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


def send_burst(host, events):
    """Sends all events in one write to a worker that has been fast before. Returns the ids of the calls."""
    for number in range(20):
        assert host.result(number) == number
    calls = [host._calls + 1 + number for number in range(len(events))]
    host._calls += len(events)
    host.data.sendall(b"".join(invoke_frame(call, json.dumps(event).encode()) for call, event in zip(calls, events)))
    return calls


def test_every_call_of_a_burst_gets_one_response(launch):
    host = launch(WORKER).ready()
    calls = send_burst(host, list(range(500)))
    assert [host.response(call) for call in calls] == [(RESPONSE, number) for number in range(500)]


def test_responses_do_not_wait_for_a_hanging_call_of_the_burst(launch, gate):
    host = launch(WORKER).ready()
    *quick, blocked_call = send_burst(host, [1, 2, 3, gate.path])
    assert host.wait_with_control_bytes(quick[-1]) == (RESPONSE, 3)
    assert [host.response(call) for call in quick] == [(RESPONSE, 1), (RESPONSE, 2), (RESPONSE, 3)]
    assert not host.has_response(blocked_call)
    gate.open()
    assert host.response(blocked_call) == (RESPONSE, gate.path)


def test_process_exit_does_not_lose_responses_of_the_burst(launch):
    host = launch(WORKER).ready()
    *quick, last = send_burst(host, [1, 2, 3, "exit"])
    assert [host.response(call) for call in quick] == [(RESPONSE, 1), (RESPONSE, 2), (RESPONSE, 3)]
    assert host.response(last) is None
    assert host.process.wait(TEST_TIMEOUT_SECONDS) == 3
