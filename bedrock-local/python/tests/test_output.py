"""Tests of the output of workers: tags, lines, sizes, and streams that workers close or replace."""

import pytest
from app_driver import request_id


def tagged(call, *lines):
    return [b"\x1e" + request_id(call).encode() + b"\x1f" + line for line in lines]


def test_lines_are_tagged_with_their_request(start):
    host = start("import sys\nprint('to stdout')\nprint('to stderr', file=sys.stderr)\nprint(event)")
    host.result("first")
    host.result("second")
    host.wait_for_lines(2, 3)
    assert host.lines() == tagged(1, b"to stdout", b"to stderr", b"first") + tagged(
        2, b"to stdout", b"to stderr", b"second"
    )


def test_output_during_import_has_no_tag(start):
    host = start("pass", before="print('loading')\nprint('unfinished', end='')\n")
    host.wait_for_line("unfinished")
    assert host.lines() == [b"loading", b"unfinished"]


def test_unfinished_line_is_sent_when_its_invocation_ends(start):
    host = start("import sys\nprint('out', end='')\nsys.stderr.write('err')\nsys.stdout.write('put')")
    host.result({})
    assert sorted(host.wait_for_lines(1, 2)) == ["err", "output"]
    host.result({})
    assert sorted(host.wait_for_lines(2, 2)) == ["err", "output"]


def test_unfinished_line_of_a_failed_call_is_sent(start):
    host = start("print('half', end='')\nraise ValueError()")
    host.error({})
    assert host.wait_for_lines(1, 1) == ["half"]


def test_multi_line_text_is_tagged_line_by_line(start):
    host = start("print('one\\ntwo\\n\\nfour')")
    host.result({})
    host.wait_for_lines(1, 4)
    assert host.lines() == tagged(1, b"one", b"two", b"", b"four")


def test_any_text_can_be_printed(start):
    host = start("print('雪 🎿 \\x00 \\udcff \\x1e')")
    host.result({})
    host.wait_for_lines(1, 1)
    assert host.lines() == tagged(1, "雪 🎿 \x00 \\udcff \x1e".encode())


def test_long_line_is_split_between_characters(start):
    host = start("print('雪' * 100_000, end=event)")
    for call, end in enumerate(("\n", ""), start=1):
        host.result(end)
        lines = host.wait_for_lines(call, 5)
        assert "".join(lines) == "雪" * 100_000
    assert max(map(len, host.lines())) < 65536


def test_line_written_letter_by_letter_is_one_line(start):
    host = start("import sys\nfor _ in range(70_000): sys.stdout.write('x')")
    host.result({})
    lines = host.wait_for_lines(1, 2)
    assert "".join(lines) == "x" * 70_000 and len(lines) == 2


def test_20_megabytes_of_output_use_bounded_memory(start):
    host = start(
        """
        import resource
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(200_000): print("x" * 99)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        """
    )
    assert host.result({}) < 4_000  # KiB
    with host._condition:
        assert host._condition.wait_for(lambda: host.log_bytes >= 20_000_000, 30)


def test_huge_text_does_not_block_the_host(start):
    host = start("print('y' * 20_000_000)")
    host.result({})
    with host._condition:
        assert host._condition.wait_for(lambda: host.log_bytes >= 20_000_000, 30)


def test_threads_do_not_mix_inside_a_line(start, gate):
    host = start(
        """
        open(event[0], "rb", buffering=0).read(1)
        for number in range(500): print(event[1] * 40, number)
        """
    )
    calls = {host.begin([gate.path, letter]): letter for letter in "abcdef"}
    gate.open(len(calls))
    for call, letter in calls.items():
        host.response(call)
        assert host.wait_for_lines(call, 500) == [f"{letter * 40} {number}" for number in range(500)]


def test_threads_of_a_worker_have_no_request(start):
    host = start(
        """
        import threading
        def work():
            print("from a thread")
            print("unfinished in a thread", end="")
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        print("from the call")
        """
    )
    host.result({})
    host.wait_for_line("from the call")
    host.wait_for_line("unfinished in a thread")
    assert host.printed() == ["from a thread", "unfinished in a thread"]
    assert host.printed(1) == ["from the call"]


def test_asyncio_to_thread_keeps_the_request(launch):
    host = launch(
        """
        import asyncio
        from bedrock.workers.worker import Worker

        class Subject(Worker):
            async def execute(self, event, context):
                copied = __import__("contextvars").copy_context()
                await asyncio.get_running_loop().run_in_executor(None, copied.run, print, "from a helper")
        """
    ).ready()
    host.result({})
    assert host.wait_for_lines(1, 1) == ["from a helper"]


def test_thread_that_outlives_its_call_has_no_request(start, gate):
    host = start(
        """
        import contextvars, threading
        def work():
            open(event, "rb", buffering=0).read(1)
            print("after the end")
        threading.Thread(target=contextvars.copy_context().run, args=(work,)).start()
        """
    )
    host.result(gate.path)
    gate.open()
    host.wait_for_line("after the end")
    assert host.printed() == ["after the end"]


@pytest.mark.parametrize(
    "abuse",
    [
        "sys.stdout.close(); sys.stderr.close()",
        "event == 1 and os.closerange(1, 3)",
        "sys.stdout.buffer.close()",
        "sys.stdout = sys.stderr = None",
        "os.dup2(os.open(os.devnull, os.O_WRONLY), 1)",
    ],
)
def test_worker_that_closes_its_streams_does_no_harm(start, abuse):
    host = start(f"import os, sys\nprint('before')\n{abuse}\nprint('after')\nreturn event")
    assert host.result(1) == 1
    assert host.result(2) == 2


def test_output_after_closed_descriptors_is_not_lost(start):
    host = start("import os\nif event: os.close(1); os.close(2)\nprint('still here')")
    host.result(True)
    host.result(False)
    assert host.wait_for_lines(2, 1) == ["still here"]


def test_streams_have_file_attributes(start):
    host = start(
        """
        import io, sys
        out, err = sys.stdout, sys.stderr
        out.buffer.write(b"bytes\\n")
        out.buffer.write(memoryview(b"a view\\n"))
        out.buffer.flush()
        out.writelines(["a\\n", "b\\n"])
        out.reconfigure(line_buffering=True)
        wrapped = io.TextIOWrapper(out.buffer, encoding="utf-8")
        wrapped.write("wrapped\\n")
        wrapped.close()
        try:
            out.write(b"no text")
        except TypeError as error:
            refused = str(error)
        return [out.fileno(), err.fileno(), out.isatty(), out.closed, out.writable(), out.readable(), out.encoding,
                out.name, sys.__stdout__ is out, out.write("four"), refused]
        """
    )
    assert host.result({}) == [
        1,
        2,
        False,
        False,
        True,
        False,
        "utf-8",
        "<stdout>",
        True,
        4,
        "write() argument must be str, not bytes",
    ]
    assert host.wait_for_lines(1, 6) == ["bytes", "a view", "a", "b", "wrapped", "four"]


def test_subprocess_output_has_no_tag(start):
    host = start("import subprocess\nsubprocess.run(['echo', 'from a program'])")
    host.result({})
    host.wait_for_line("from a program")
    assert host.printed() == ["from a program"]


def test_exception_of_a_thread_is_printed(start):
    host = start(
        "import threading\nthread = threading.Thread(target=lambda: 1 / 0)\nthread.start()\nthread.join()\nreturn 1"
    )
    assert host.result({}) == 1
    host.wait_for_line("ZeroDivisionError")


def test_printing_from_a_finalizer_does_not_hang(start):
    host = start(
        """
        import gc
        class Loud:
            def __init__(self): self.me = self
            def __del__(self): print("collected")
        for _ in range(100): Loud(); print("x" * 100)
        gc.collect()
        """
    )
    host.result({})
    assert len(host.wait_for_lines(1, 200)) == 200


def test_logging_has_lambdas_handler_and_format(start):
    host = start(
        """
        logging.info("too quiet")
        logging.getLogger("lib").warning("careful %s", event)
        try:
            1 / 0
        except ZeroDivisionError:
            logging.exception("broken")
        """,
        before="import logging\nlogging.warning('while loading')\n",
    )
    host.result("now")
    lines = host.wait_for_lines(1, 6)
    level, stamp, request, message = lines[0].split("\t")
    assert (level, request, message) == ("[WARNING]", request_id(1), "careful now")
    assert len(stamp) == len("2026-11-25T00:00:00.000Z") and stamp.endswith("Z")
    assert lines[1].endswith("\tbroken") and lines[2] == "Traceback (most recent call last):"
    assert host.printed()[0].split("\t")[2:] == ["", "while loading"]


def test_basic_config_does_nothing(start):
    host = start(
        "import logging\nlogging.basicConfig(format='mine %(message)s')\nlogging.error('x')\n"
        "return [len(logging.getLogger().handlers), logging.__spec__.loader is logging.__loader__]"
    )
    assert host.result({}) == [1, True]
    assert host.wait_for_lines(1, 1)[0].startswith("[ERROR]\t")


def test_log_level_of_the_function_is_used(start):
    host = start("import logging\nlogging.debug('fine detail')", AWS_LAMBDA_LOG_LEVEL="DEBUG")
    host.result({})
    assert host.wait_for_lines(1, 1)[0].startswith("[DEBUG]\t")
