"""Who serves which call: environments, concurrency, the control byte. A thread of the host is one environment."""

import time

from app_driver import RESPONSE

# Counts the calls of its instance, and waits at the gate when the event names one.
COUNTER = """
from bedrock.workers.worker import Worker
import threading, time

class Subject(Worker):
    made = 0

    def __init__(self):
        Subject.made += 1
        self.number = Subject.made
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


def test_sequential_calls_meet_the_same_instance_on_its_own_thread(launch):
    host = launch(COUNTER).ready()
    assert [host.result(None) for _ in range(200)] == [[1, count, True] for count in range(1, 201)]


def test_sequential_slow_calls_meet_the_same_instance_too(launch):
    host = launch(COUNTER).ready()
    assert [host.result(0.002) for _ in range(50)] == [[1, count, True] for count in range(1, 51)]


def test_changing_from_quick_to_slow_and_back_keeps_the_instance(launch):
    host = launch(COUNTER).ready()
    count = 0
    for _ in range(5):
        for event in [None] * 20 + [0.005] * 10:
            count += 1
            assert host.result(event) == [1, count, True]


def test_an_inline_call_that_turns_out_slow_keeps_its_instance_for_the_next(launch, gate):
    host = launch(COUNTER).ready()
    for _ in range(20):
        host.result(None)
    held = host.begin(gate.path)
    # The other call shows that another thread has taken over.
    assert host.poke_until_answered(host.begin(None))[1][:2] == [2, 1]
    gate.open()
    assert host.answer(held)[1][:2] == [1, 21]
    # The instance that was used last comes first.
    assert host.result(None)[:2] == [1, 22]


def test_200_slow_calls_run_at_once_each_in_an_environment_of_its_own(launch, gate):
    host = launch(COUNTER).ready()
    calls = [host.begin(gate.path) for _ in range(200)]
    for call in calls:
        host.wait_for_lines(call, 1)
    gate.open(200)
    answers = [host.answer(call) for call in calls]
    assert all(kind == RESPONSE and value[1:] == [1, True] for kind, value in answers)
    assert sorted(value[0] for _, value in answers) == list(range(1, 201))


def test_environments_are_used_again(launch, gate):
    host = launch(COUNTER).ready()
    for _ in range(5):
        calls = [host.begin(gate.path) for _ in range(20)]
        gate.open(20)
        numbers = [host.answer(call)[1][0] for call in calls]
        assert max(numbers) <= 21


def test_200_calls_behind_a_worker_known_as_quick_all_run_at_once(launch, gate):
    host = launch(COUNTER).ready()
    for _ in range(30):
        host.result(None)
    calls = [host.begin(gate.path) for _ in range(200)]
    probe = host.begin(None)
    assert host.poke_until_answered(probe)[0] == RESPONSE
    gate.open(200)
    assert all(host.answer(call)[0] == RESPONSE for call in calls)


def test_concurrent_sleeps_take_as_long_as_one(launch):
    host = launch(COUNTER).ready()
    host.result(0.01)
    began = time.monotonic()
    calls = [host.begin(0.5) for _ in range(50)]
    for call in calls:
        assert host.answer(call)[0] == RESPONSE
    # One after the other they would take 25 seconds.
    assert time.monotonic() - began < 10


def test_control_bytes_at_any_time_do_no_harm(launch):
    host = launch(COUNTER)
    host.poke()
    host.ready()
    for _ in range(300):
        host.poke()
        assert host.result(None)[2] is True


def test_async_calls_run_at_once_as_well(launch, gate):
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
    assert host.poke_until_answered(host.begin(None)) == (RESPONSE, "done")
    gate.open(30)
    assert all(host.answer(call) == (RESPONSE, "done") for call in calls)


def test_many_quick_calls_in_flight_are_all_answered_once(start):
    host = start("return event")
    calls = [host.begin(number) for number in range(5_000)]
    assert [host.answer(call)[1] for call in calls] == list(range(5_000))


def test_a_mix_of_quick_slow_and_failing_calls_is_answered_completely(launch):
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
        kind, value = host.poke_until_answered(call) if not host.has_answered(call) else host.answer(call)
        assert (value if kind == RESPONSE else int(value["errorMessage"])) == number
        assert (kind == RESPONSE) == bool(number % 11)
