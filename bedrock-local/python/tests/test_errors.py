"""Tests of workers that fail, exit, hang or die: each case leads to a response or to the end of the host."""

import os
import re
import signal
import socket
import subprocess
import sys

import pytest
from app_driver import ERROR, FATAL, RESPONSE, ROOT, request_id


def test_exception_becomes_error_with_type_message_and_trace(start, worker_dir):
    host = start("return inner(event)", before="def inner(event):\n    return {}[event]\n")
    error = host.error("width")
    assert error["errorType"] == "KeyError"
    assert error["errorMessage"] == "'width'"
    assert error["requestId"] == request_id(1)
    assert error["stackTrace"] == [
        f'  File "{worker_dir}/main.py", line 8, in execute\n    return inner(event)\n',
        f'  File "{worker_dir}/main.py", line 3, in inner\n    return {{}}[event]\n',
    ]
    assert host.error("height")["errorMessage"] == "'height'"


CAUSES = """
def query():
    raise ConnectionError("database is gone")

class Group(Exception):
    def __init__(self, *errors):
        super().__init__("several")
        self.exceptions = errors

class Broken(Exception):
    @property
    def exceptions(self):
        raise ValueError("unreadable")
"""
CASES = """
if event == "plain":
    raise KeyError("x")
if event == "broken":
    raise Broken("outer") from KeyError("lost")
if event == "group":
    raise Group(KeyError("a"), ValueError("b"))
if event == "own":
    error = KeyError("x")
    error.__cause__ = error
    raise error
try:
    query()
except ConnectionError as error:
    if event == "hidden":
        raise RuntimeError("order is not stored") from None
    if event == "explicit":
        raise RuntimeError("order is not stored") from error
    raise RuntimeError("order is not stored")
"""


def test_causes_of_an_error_are_printed(start, worker_dir):
    host = start(CASES, before=CAUSES)
    trace = [
        f'  File "{worker_dir}/main.py", line LINE, in execute',
        "    query()",
        f'  File "{worker_dir}/main.py", line LINE, in query',
        '    raise ConnectionError("database is gone")',
    ]

    def printed(event, count):
        call = host.begin(event)
        kind, error = host.response(call)
        assert kind == ERROR
        # Newer versions of Python mark the part of a line.
        lines = [line for line in host.wait_for_lines(call, count) if line.strip("^~ ")]
        return error, [re.sub(r"line \d+", "line LINE", line) for line in lines]

    error, lines = printed("explicit", 5)
    assert (error["errorType"], error["errorMessage"]) == ("RuntimeError", "order is not stored")
    assert lines == ["caused by: ConnectionError: database is gone", *trace]
    assert printed("implicit", 5)[1] == ["raised while handling: ConnectionError: database is gone", *trace]
    expected = ["one of the errors: KeyError: 'a'", "one of the errors: ValueError: b"]
    assert printed("group", 2)[1] == expected
    for event, error_type in [("plain", "KeyError"), ("hidden", "RuntimeError"), ("own", "KeyError")]:
        error, lines = printed(event, 0)
        assert (error["errorType"], lines) == (error_type, []), event
    assert printed("broken", 0)[0]["errorType"] == "Broken"


@pytest.mark.parametrize("name", ["MemoryError", "StopIteration", "Exception"])
def test_any_exception_fails_only_its_call(start, name):
    host = start(f"if event: return 'fine'\nraise {name}('of this call')")
    error = host.error(0)
    assert (error["errorType"], error["errorMessage"]) == (name, "of this call")
    assert host.result(1) == "fine"


@pytest.mark.parametrize(
    "name, reason",
    [("KeyboardInterrupt", "signal: interrupt"), ("GeneratorExit", "exit status 1"), ("BaseException", "exit status 1")],
)
def test_exception_that_lambda_does_not_catch_ends_the_process(start, name, reason):
    host = start(f"raise {name}('of this call')")
    kind, error = host.call(0)
    assert (kind, error["errorType"]) == (FATAL, "Runtime.ExitError")
    assert error["errorMessage"] == f"Runtime exited with error: {reason}"
    host.wait_for_line(f"{name}: of this call")


def test_exception_with_failing_str_is_still_reported(start):
    host = start(
        "raise Broken()",
        before="""
        class Broken(Exception):
            def __str__(self):
                raise ValueError("no text")
        """,
    )
    error = host.error({})
    assert error["errorType"] == "Broken"
    assert "Broken" in error["errorMessage"]


def test_exception_with_lone_surrogate_is_reported(start):
    assert start("raise ValueError('\\udcff')").error({})["errorMessage"] == "\udcff"


def test_endless_recursion_is_reported(start):
    host = start("return 'fine' if event else dig(0)", before="def dig(depth):\n    return dig(depth + 1)\n")
    error = host.error(0)
    assert error["errorType"] == "RecursionError"
    assert error["stackTrace"]
    assert host.result(1) == "fine"


@pytest.mark.parametrize(
    "argument, reason",
    [
        ("3", "Runtime exited with error: exit status 3"),
        ("'going away'", "Runtime exited with error: exit status 1"),
        ("0", "Runtime exited without providing a reason"),
        ("", "Runtime exited without providing a reason"),
        ("-1", "Runtime exited with error: exit status 255"),
    ],
)
def test_sys_exit_is_fatal_with_lambdas_message(start, argument, reason):
    host = start(f"import sys\nsys.exit({argument})")
    kind, error = host.call({})
    assert kind == FATAL
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"] == reason


def test_sys_exit_text_is_printed(start):
    host = start("import sys\nsys.exit('going away')")
    host.call({})
    assert host.wait_for_lines(1, 1) == ["going away"]


def test_sys_exit_in_async_worker_is_fatal(launch):
    host = launch(
        """
        import sys
        from bedrock.workers.worker import Worker

        class Subject(Worker):
            async def execute(self, event, context):
                sys.exit(4)
        """
    ).ready()
    kind, error = host.call({})
    assert (kind, error["errorType"]) == (FATAL, "Runtime.ExitError")


def test_other_calls_complete_after_a_fatal_one(start, gate):
    host = start("if event is None: raise SystemExit(1)\nopen(event, 'rb', buffering=0).read(1)\nreturn 'in time'")
    waiting = host.begin(gate.path)
    assert host.call(None)[0] == FATAL
    gate.open()
    assert host.response(waiting) == (RESPONSE, "in time")


def test_os_exit_ends_the_host_with_its_status(start):
    host = start("import os\nos._exit(7)")
    assert host.call({}) is None
    assert host.process.wait(30) == 7


def test_sigkill_ends_the_host(start):
    host = start("import os\nos.kill(os.getpid(), 9)")
    assert host.call({}) is None
    assert host.process.wait(30) == -signal.SIGKILL


def test_endless_loop_does_not_block_other_calls(start):
    host = start("while event == 'forever': pass\nreturn event")
    for number in range(20):
        host.result(number)
    stuck = host.begin("forever")
    other = host.begin("other")
    assert host.wait_with_control_bytes(other) == (RESPONSE, "other")
    assert [host.result(number) for number in range(5)] == list(range(5))
    assert not host.has_response(stuck)


def test_endless_loop_in_first_call_does_not_block_others(start):
    host = start("while event == 'forever': pass\nreturn event")
    host.begin("forever")
    assert host.wait_with_control_bytes(host.begin("other")) == (RESPONSE, "other")


def test_deadlocked_thread_does_not_block_other_calls(start):
    host = start(
        "if event == 'lock': LOCK.acquire(); LOCK.acquire()\nreturn event",
        before="import threading\nLOCK = threading.Lock()\n",
    )
    for number in range(20):
        host.result(number)
    host.begin("lock")
    calls = [host.begin(number) for number in range(10)]
    assert [host.wait_with_control_bytes(call) for call in calls] == [(RESPONSE, number) for number in range(10)]


@pytest.mark.parametrize("end", ["data", "control"])
def test_host_ends_with_the_app_during_a_hanging_call(start, end):
    host = start(
        """
        import threading
        threading.Thread(target=lambda: threading.Event().wait()).start()
        print("spinning")
        while True: pass
        """
    )
    host.begin({})
    host.wait_for_line("spinning")
    getattr(host, end).shutdown(socket.SHUT_RDWR)
    assert host.process.wait(30) == 0


def test_forked_child_cannot_respond_for_the_host(start):
    host = start(
        """
        import os
        if event == "after": return "fine"
        child = os.fork()
        if child == 0: return "from the child"
        os.waitpid(child, 0)
        return "from the parent"
        """
    )
    assert host.result({}) == "from the parent"
    assert host.result("after") == "fine"


def test_subprocesses_do_not_inherit_protocol_descriptors(start):
    host = start(
        """
        import os, subprocess
        listed = subprocess.run(["sh", "-c", "ls /proc/self/fd; echo text"], stdout=subprocess.PIPE, close_fds=False)
        return [listed.returncode, listed.stdout.decode().split(), os.get_inheritable(3), os.get_inheritable(4)]
        """
    )
    status, text, data, control = host.result({})
    assert status == 0 and text[-1] == "text"
    assert (data, control) == (False, False)


def test_failing_second_constructor_fails_only_its_call(launch, gate):
    host = launch(
        """
        from bedrock.workers.worker import Worker

        class Subject(Worker):
            instances = 0

            def __init__(self):
                Subject.instances += 1
                if Subject.instances == 2:
                    raise OSError("no second one")

            def execute(self, event, context):
                return open(event, "rb", buffering=0).read(1) and "done"
        """
    ).ready()
    first, second = host.begin(gate.path), host.begin(gate.path)
    answers = [host.response(second)]
    gate.open()
    answers.append(host.response(first))
    assert answers[0][0] == ERROR and answers[0][1]["errorMessage"] == "no second one"
    assert answers[1] == (RESPONSE, "done")


def test_sigint_ends_the_host_without_an_exception(start):
    host = start("return 1")
    host.process.send_signal(signal.SIGINT)
    assert host.process.wait(30) == -signal.SIGINT


def test_host_started_without_sockets_is_reported():
    run = subprocess.run(
        [sys.executable, "-I", "-S", os.path.join(ROOT, "bedrock_host", "__main__.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    assert run.returncode == 2
    assert b"cannot be started directly" in run.stderr
