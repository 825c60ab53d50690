"""Fake app for tests of the host, according to `docs/src/host-protocol.md`.

Starts the host through `sh`, exchanges frames on the data socket and reads log lines. It contains no assertions about
results.
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
# Long enough for a busy machine. A test that waits for so long has failed.
TEST_TIMEOUT_SECONDS = 30
REQUEST_ID = "00000000-0000-4000-8000-{:012d}"


def request_id(call):
    return REQUEST_ID.format(call)


def invoke_frame(call, event, deadline=None, trace=b"", caller=None):
    """Returns an INVOKE frame, or an INVOKE_FOR frame with the client context `caller`. `event` and `caller` are raw
    bytes.
    """
    if deadline is None:
        deadline = int(time.time() * 1000) + 60_000
    kind, client_context = (1, b"") if caller is None else (3, struct.pack("<H", len(caller)) + caller)
    head = struct.pack("<BQQ36sB", kind, call, deadline, request_id(call).encode(), len(trace))
    body = head + trace + client_context + event
    return struct.pack("<I", len(body)) + body
    """A running host with all its frames and log lines."""

class Host:
    """A running host with all its frames and log lines."""

    def __init__(self, worker_dir, class_name="Subject", site_dir="", **environment):
        data, host_data = socket.socketpair()
        control, host_control = socket.socketpair()
        log_reader, log_writer = os.pipe()
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
            stdin=host_data,
            stdout=host_control,
            stderr=log_writer,
            env=env,
            start_new_session=True,
        )
        host_data.close()
        host_control.close()
        os.close(log_writer)
        self.data, self.control = data, control
        self.start = queue.Queue()
        self.log_bytes = 0
        self._responses = {}
        self._lines = []
        self._condition = threading.Condition()
        self._is_closed = False
        self._calls = 0
        self._threads = [
            threading.Thread(target=self._read_frames, daemon=True),
            threading.Thread(target=self._read_logs, args=(log_reader,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    # Output of the host.

    def _read_frames(self):
        with self.data.makefile("rb") as stream:
            while True:
                try:
                    head = stream.read(4)
                    body = stream.read(struct.unpack("<I", head)[0]) if len(head) == 4 else b""
                except OSError:
                    body = b""
                with self._condition:
                    if not body:
                        self._is_closed = True
                    elif body[0] in (READY, INIT_ERROR):
                        self.start.put((body[0], body[1:]))
                    else:
                        call = struct.unpack_from("<Q", body, 1)[0]
                        assert call not in self._responses, f"call {call} got two responses"
                        self._responses[call] = (body[0], body[9:])
                    self._condition.notify_all()
                if not body:
                    self.start.put((None, b""))
                    return

    def _read_logs(self, fd):
        rest = b""
        while True:
            data = os.read(fd, 1 << 20)
            with self._condition:
                self.log_bytes += len(data)
                *lines, rest = (rest + data).split(b"\n")
                # Limited, so that a worker that prints a lot does not fill the memory.
                self._lines += lines[: max(0, 20_000 - len(self._lines))]
                self._condition.notify_all()
            if not data:
                os.close(fd)
                return

    def ready(self):
        kind, body = self.start.get(timeout=TEST_TIMEOUT_SECONDS)
        assert kind == READY, f"not ready: {kind} {body!r} {self.lines()}"
        return self

    def init_error(self):
        """Returns the INIT_ERROR as an object, after the host has exited with status 1."""
        kind, body = self.start.get(timeout=TEST_TIMEOUT_SECONDS)
        assert kind == INIT_ERROR, f"no init error: {kind} {body!r} {self.lines()}"
        assert self.process.wait(TEST_TIMEOUT_SECONDS) == 1
        return json.loads(body)

    def response(self, call, timeout=TEST_TIMEOUT_SECONDS):
        """Returns `(kind, decoded JSON)`, or None if the host has exited without a response."""
        raw = self.raw_response(call, timeout)
        return None if raw is None else (raw[0], json.loads(raw[1]))

    def raw_response(self, call, timeout=TEST_TIMEOUT_SECONDS):
        with self._condition:
            done = self._condition.wait_for(lambda: call in self._responses or self._is_closed, timeout)
            assert done, f"no response to call {call} within {timeout} s; printed {self._lines[-5:]}"
            return self._responses.get(call)

    def has_response(self, call):
        with self._condition:
            return call in self._responses

    def lines(self):
        with self._condition:
            return list(self._lines)

    def printed(self, call=None):
        """Returns the text lines of one call, or those without a request."""
        tag = b"" if call is None else b"\x1e" + request_id(call).encode() + b"\x1f"
        return [
            line[len(tag) :].decode()
            for line in self.lines()
            if line.startswith(tag or b"") and (call is not None or not line.startswith(b"\x1e"))
        ]

    def wait_for_line(self, text):
        """Waits until a log line contains `text`."""
        expected = text.encode()
        with self._condition:
            is_printed = lambda: any(expected in line for line in self._lines)  # noqa: E731
            found = self._condition.wait_for(is_printed, TEST_TIMEOUT_SECONDS)
            assert found, f"{text!r} was not printed: {self._lines[-20:]}"

    def wait_for_lines(self, call, count):
        """Waits until the call has `count` log lines, and returns them."""
        with self._condition:
            self._condition.wait_for(lambda: len(self.printed(call)) >= count, TEST_TIMEOUT_SECONDS)
        return self.printed(call)

    # Actions of the app.

    def begin(self, event, **details):
        """Sends an invocation and returns its id."""
        raw = event if isinstance(event, bytes) else json.dumps(event).encode()
        self._calls += 1
        self.data.sendall(invoke_frame(self._calls, raw, **details))
        return self._calls

    def call(self, event, timeout=TEST_TIMEOUT_SECONDS, **details):
        return self.response(self.begin(event, **details), timeout)

    def result(self, event, **details):
        """Returns the response of a call that must succeed."""
        kind, value = self.call(event, **details)
        assert kind == RESPONSE, value
        return value

    def error(self, event, **details):
        """Returns the error of a call that must fail."""
        kind, value = self.call(event, **details)
        assert kind == ERROR, (kind, value)
        return value

    def send_control_byte(self):
        """Sends the control byte that makes another thread read the data socket."""
        self.control.sendall(b"!")

    def wait_with_control_bytes(self, call):
        """Repeats the control byte until there is a response, as the app does."""
        end = time.monotonic() + TEST_TIMEOUT_SECONDS
        while time.monotonic() < end:
            self.send_control_byte()
            with self._condition:
                if self._condition.wait_for(lambda: call in self._responses or self._is_closed, 0.02):
                    break
        return self.response(call, timeout=0.1)

    def close(self):
        """Ends the host and all its child processes."""
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
        self.process.wait(TEST_TIMEOUT_SECONDS)
        for thread in self._threads:
            thread.join(TEST_TIMEOUT_SECONDS)
