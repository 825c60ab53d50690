"""Tests of the assignment of calls to threads: instances, concurrency, the control byte. A thread of the host
corresponds to an execution environment.
"""

import time

from app_driver import RESPONSE

# Counts the calls of its instance, and waits at the gate if the event is its path.
COUNTER = """
from bedrock.workers.worker import Worker
import threading, time

class Subject(Worker):
    instances = 0

    def __init__(self):
        Subject.instances += 1
        self.number = Subject.instances
        self.calls = 0
        self.thread = threading.get_ident()

    def execute(self, event, context):
        self.calls += 1
        if isinstance(event, str):
            print("waiting")
            open(event, "rb", buffering=0).read(1)
        elif isinstance(event, float):
            time.sleep(event)
        return [self.number, self.calls, self.thread == threading.get_ident()]
"""


def test_sequential_calls_use_the_same_instance_and_thread(launch):
    host = launch(COUNTER).ready()
    assert [host.result(None) for _ in range(200)] == [[1, count, True] for count in range(1, 201)]


def test_sequential_slow_calls_use_the_same_instance(launch):
    host = launch(COUNTER).ready()
    assert [host.result(0.002) for _ in range(50)] == [[1, count, True] for count in range(1, 51)]


def test_instance_survives_changes_between_fast_and_slow_calls(launch):
    host = launch(COUNTER).ready()
    count = 0
    for _ in range(5):
        for event in [None] * 20 + [0.005] * 10:
            count += 1
            assert host.result(event) == [1, count, True]


def test_slow_inline_call_keeps_its_instance(launch, gate):
    host = launch(COUNTER).ready()
    for _ in range(20):
        host.result(None)
    blocked_call = host.begin(gate.path)
    # The other call shows that another thread has become the leader.
    assert host.wait_with_control_bytes(host.begin(None))[1][:2] == [2, 1]
    gate.open()
    assert host.response(blocked_call)[1][:2] == [1, 21]
    # The instance that was used last is used first.
    assert host.result(None)[:2] == [1, 22]


def test_200_concurrent_slow_calls_use_200_instances(launch, gate):
    host = launch(COUNTER).ready()
    calls = [host.begin(gate.path) for _ in range(200)]
    for call in calls:
        host.wait_for_lines(call, 1)
    gate.open(200)
    answers = [host.response(call) for call in calls]
    assert all(kind == RESPONSE and value[1:] == [1, True] for kind, value in answers)
    assert sorted(value[0] for _, value in answers) == list(range(1, 201))


def test_instances_are_reused(launch, gate):
    host = launch(COUNTER).ready()
    for _ in range(5):
        calls = [host.begin(gate.path) for _ in range(20)]
        gate.open(20)
        numbers = [host.response(call)[1][0] for call in calls]
        assert max(numbers) <= 21


def test_200_calls_of_a_fast_worker_run_concurrently(launch, gate):
    host = launch(COUNTER).ready()
    for _ in range(30):
        host.result(None)
    calls = [host.begin(gate.path) for _ in range(200)]
    probe = host.begin(None)
    assert host.wait_with_control_bytes(probe)[0] == RESPONSE
    gate.open(200)
    assert all(host.response(call)[0] == RESPONSE for call in calls)


def test_concurrent_sleeps_take_as_long_as_one(launch):
    host = launch(COUNTER).ready()
    host.result(0.01)
    started = time.monotonic()
    calls = [host.begin(0.5) for _ in range(50)]
    for call in calls:
        assert host.response(call)[0] == RESPONSE
    # Sequentially they would take 25 seconds.
    assert time.monotonic() - started < 10


def test_control_bytes_at_any_time_do_no_harm(launch):
    host = launch(COUNTER)
    host.send_control_byte()
    host.ready()
    for _ in range(300):
        host.send_control_byte()
        assert host.result(None)[2] is True


def test_async_calls_run_concurrently(launch, gate):
    host = launch(
        """
        import asyncio
        from bedrock.workers.worker import Worker

        class Subject(Worker):
            async def execute(self, event, context):
                if event:
                    await asyncio.get_running_loop().run_in_executor(None, open(event, "rb", buffering=0).read, 1)
                return "done"
        """
    ).ready()
    calls = [host.begin(gate.path) for _ in range(30)]
    assert host.wait_with_control_bytes(host.begin(None)) == (RESPONSE, "done")
    gate.open(30)
    assert all(host.response(call) == (RESPONSE, "done") for call in calls)


def test_each_of_many_fast_calls_gets_one_response(start):
    host = start("return event")
    calls = [host.begin(number) for number in range(5_000)]
    assert [host.response(call)[1] for call in calls] == list(range(5_000))


def test_mix_of_fast_slow_and_failing_calls_completes(launch):
    host = launch(
        """
        import time
        from bedrock.workers.worker import Worker

        class Subject(Worker):
            def execute(self, event, context):
                if event % 7 == 0: time.sleep(0.003)
                if event % 11 == 0: raise ValueError(event)
                return event
        """
    ).ready()
    calls = {host.begin(number): number for number in range(2_000)}
    for call, number in calls.items():
        kind, value = host.wait_with_control_bytes(call) if not host.has_response(call) else host.response(call)
        assert (value if kind == RESPONSE else int(value["errorMessage"])) == number
        assert (kind == RESPONSE) == bool(number % 11)
