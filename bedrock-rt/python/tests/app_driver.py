"""Plays the app for a host under test, exactly as `docs/src/host-protocol.md` says.

Starts the host through `sh`, speaks frames on the data socket, reads log lines. Judging is left to the tests.
"""

import json
import os
import queue
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
READY, INIT_ERROR, RESPONSE, ERROR, FATAL = 1, 2, 3, 4, 5
START = 'exec "$@" 3<&0 4<&1 0</dev/null 1>&2'
# Long enough for a busy machine; a test that waits this long has failed.
PATIENCE = 30
REQUEST_ID = "00000000-0000-4000-8000-{:012d}"


def request_id(call):
    return REQUEST_ID.format(call)


def invoke_frame(call, event, deadline=None, trace=b"", caller=None):
    """One INVOKE frame, or INVOKE_FOR with the client context `caller`; `event` and `caller` are the raw bytes."""
    if deadline is None:
        deadline = int(time.time() * 1000) + 60_000
    kind, said = (1, b"") if caller is None else (3, struct.pack("<H", len(caller)) + caller)
    rest = struct.pack("<BQQ36sB", kind, call, deadline, request_id(call).encode(), len(trace)) + trace + said + event
    return struct.pack("<I", len(rest)) + rest


class Host:
    """One running host and everything it has said so far."""

    def __init__(self, worker_dir, class_name="Subject", site_dir="", **environment):
        data, theirs = socket.socketpair()
        control, their_control = socket.socketpair()
        reading, writing = os.pipe()
        env = {
            "PATH": os.environ["PATH"],
            "BEDROCK_LOCAL": "1",
            "BEDROCK_APP": "my_app",
            "BEDROCK_WORKER": "subject",
            "BEDROCK_WORKER_CLASS": class_name,
            "BEDROCK_WORKER_DIR": str(worker_dir),
            "BEDROCK_FUNCTION_ARN": "arn:aws:lambda:eu-west-1:000000000000:function:my_app-dev-subject",
            "BEDROCK_SITE_DIR": str(site_dir),
            "AWS_LAMBDA_FUNCTION_NAME": "my_app-dev-subject",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/my_app-dev-subject",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/25/[$LATEST]0",
            "AWS_ACCESS_KEY_ID": "local",
            "LAMBDA_TASK_ROOT": str(worker_dir),
            **environment,
        }
        caches = os.path.join(os.path.dirname(str(worker_dir)), "pycache")
        command = ["sh", "-c", START, "sh", sys.executable, "-I", "-S", "-X", f"pycache_prefix={caches}"]
        self.process = subprocess.Popen(
            command + [os.path.join(ROOT, "bedrock_host", "__main__.py")],
            stdin=theirs,
            stdout=their_control,
            stderr=writing,
            env=env,
            start_new_session=True,
        )
        theirs.close()
        their_control.close()
        os.close(writing)
        self.data, self.control = data, control
        self.start = queue.Queue()
        self.log_bytes = 0
        self._answers = {}
        self._lines = []
        self._news = threading.Condition()
        self._gone = False
        self._calls = 0
        self._threads = [
            threading.Thread(target=self._read_frames, daemon=True),
            threading.Thread(target=self._read_logs, args=(reading,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    # What the host says.

    def _read_frames(self):
        with self.data.makefile("rb") as stream:
            while True:
                try:
                    head = stream.read(4)
                    body = stream.read(struct.unpack("<I", head)[0]) if len(head) == 4 else b""
                except OSError:
                    body = b""
                with self._news:
                    if not body:
                        self._gone = True
                    elif body[0] in (READY, INIT_ERROR):
                        self.start.put((body[0], body[1:]))
                    else:
                        call = struct.unpack_from("<Q", body, 1)[0]
                        assert call not in self._answers, f"call {call} was answered twice"
                        self._answers[call] = (body[0], body[9:])
                    self._news.notify_all()
                if not body:
                    self.start.put((None, b""))
                    return

    def _read_logs(self, fd):
        rest = b""
        while True:
            data = os.read(fd, 1 << 20)
            with self._news:
                self.log_bytes += len(data)
                *lines, rest = (rest + data).split(b"\n")
                # Enough to look at, not enough to fill the memory with a print storm.
                self._lines += lines[: max(0, 20_000 - len(self._lines))]
                self._news.notify_all()
            if not data:
                os.close(fd)
                return

    def ready(self):
        kind, body = self.start.get(timeout=PATIENCE)
        assert kind == READY, f"not ready: {kind} {body!r} {self.lines()}"
        return self

    def init_error(self):
        """The INIT_ERROR as an object, after the host has ended with status 1."""
        kind, body = self.start.get(timeout=PATIENCE)
        assert kind == INIT_ERROR, f"no init error: {kind} {body!r} {self.lines()}"
        assert self.process.wait(PATIENCE) == 1
        return json.loads(body)

    def answer(self, call, timeout=PATIENCE):
        """`(kind, decoded JSON)`, or None when the host has gone without answering."""
        raw = self.raw_answer(call, timeout)
        return None if raw is None else (raw[0], json.loads(raw[1]))

    def raw_answer(self, call, timeout=PATIENCE):
        with self._news:
            done = self._news.wait_for(lambda: call in self._answers or self._gone, timeout)
            assert done, f"no answer to call {call} within {timeout} s; printed {self._lines[-5:]}"
            return self._answers.get(call)

    def has_answered(self, call):
        with self._news:
            return call in self._answers

    def lines(self):
        with self._news:
            return list(self._lines)

    def printed(self, call=None):
        """The text lines of one call, or those that belong to none."""
        tag = b"" if call is None else b"\x1e" + request_id(call).encode() + b"\x1f"
        return [
            line[len(tag) :].decode()
            for line in self.lines()
            if line.startswith(tag or b"") and (call is not None or not line.startswith(b"\x1e"))
        ]

    def wait_for_line(self, text):
        """Waits until some log line contains `text`."""
        wanted = text.encode()
        with self._news:
            found = self._news.wait_for(lambda: any(wanted in line for line in self._lines), PATIENCE)
            assert found, f"{text!r} was not printed: {self._lines[-20:]}"

    def wait_for_lines(self, call, count):
        """Waits until the call has `count` log lines, and returns them."""
        with self._news:
            self._news.wait_for(lambda: len(self.printed(call)) >= count, PATIENCE)
        return self.printed(call)

    # What the app does.

    def begin(self, event, **details):
        """Sends an invocation, returns its id."""
        raw = event if isinstance(event, bytes) else json.dumps(event).encode()
        self._calls += 1
        self.data.sendall(invoke_frame(self._calls, raw, **details))
        return self._calls

    def call(self, event, timeout=PATIENCE, **details):
        return self.answer(self.begin(event, **details), timeout)

    def result(self, event, **details):
        """The response of a call that must succeed."""
        kind, value = self.call(event, **details)
        assert kind == RESPONSE, value
        return value

    def error(self, event, **details):
        """The error of a call that must fail."""
        kind, value = self.call(event, **details)
        assert kind == ERROR, (kind, value)
        return value

    def poke(self):
        """The byte that means: another thread must read the data socket now."""
        self.control.sendall(b"!")

    def poke_until_answered(self, call):
        """What the app does while nothing comes back: asks again and again."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.poke()
            with self._news:
                if self._news.wait_for(lambda: call in self._answers or self._gone, 0.02):
                    break
        return self.answer(call, timeout=0.1)

    def close(self):
        """Ends the host and everything it started."""
        for end in (self.data, self.control):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)
