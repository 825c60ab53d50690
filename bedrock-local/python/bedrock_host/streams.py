"""`sys.stdout` and `sys.stderr` of a worker: writes complete lines, tagged with the request they belong to.

It only splits the output into lines and finds their owner; the app turns lines into log entries. It stores nothing but
unfinished lines of at most 64 KiB.
"""

import io
import os
import sys
from _thread import RLock, _local, get_ident

from bedrock.workers.worker import CURRENT

# Maximum length of a line of the protocol, without its tag (0x1e, 36 bytes, 0x1f) and its end.
_MAX_LINE_BYTES = 65536 - 38 - 1
# A large text is processed in chunks of this size, so that it is not copied in full.
_CHUNK_BYTES = 1 << 20

# A descriptor of our own for the pipe: a worker may close 1 and 2, and open files of its own in their place.
_pipe = None
# Reentrant, because a finalizer or a signal handler may print while this thread is printing.
_lock = RLock()
_thread_output = _local()


class _ThreadOutput:
    """Unfinished lines of a thread without an invocation. The rest is sent when the thread ends."""

    def __init__(self):
        self.pending = None

    def __del__(self):
        finish(self)


def finish(owner):
    """Sends the unfinished lines of `owner`: a context whose invocation has ended, or a `_ThreadOutput`."""
    pending, owner.pending = owner.pending, False
    if pending:
        for line in list(pending.values()):
            _send(owner, bytes(line) + b"\n")


def _owner():
    context = CURRENT.get()
    # A task that outlives its invocation no longer belongs to it.
    if context is not None and context.pending is not False:
        return context
    owner = getattr(_thread_output, "owner", None)
    if owner is None:
        owner = _thread_output.owner = _ThreadOutput()
    return owner


def _emit(fd, data):
    """Adds output of this thread and sends the lines that are complete."""
    owner = _owner()
    pending = owner.pending
    if pending is None:
        pending = owner.pending = {}
    elif pending is False:
        # The invocation ended in between, on another thread.
        _emit(fd, data)
        return
    # Threads that share an invocation (`asyncio.to_thread`) each have their own unfinished line.
    key = (fd, get_ident())
    unfinished = pending.get(key)
    line_end = data.rfind(b"\n") + 1
    if not line_end and len(data) + (len(unfinished) if unfinished else 0) <= _MAX_LINE_BYTES:
        if unfinished is not None:
            unfinished += data
        elif data:
            pending[key] = bytearray(data)
        return
    if unfinished:
        del pending[key]
        data = bytes(unfinished) + data
        line_end = data.rfind(b"\n") + 1
    pieces = _pieces(data[line_end:])
    remainder = pieces.pop()
    lines = data[:line_end] + b"".join(piece + b"\n" for piece in pieces)
    if remainder:
        pending[key] = bytearray(remainder)
    _send(owner, lines)


def _pieces(line):
    """Splits a line that is too long, never inside a UTF-8 character."""
    pieces = []
    at = 0
    while len(line) - at > _MAX_LINE_BYTES:
        end = at + _MAX_LINE_BYTES
        while end > at and line[end] & 0xC0 == 0x80 and end > at + _MAX_LINE_BYTES - 4:
            end -= 1
        pieces.append(line[at:end])
        at = end
    pieces.append(line[at:])
    return pieces


def _send(owner, lines):
    """Writes complete lines (the last one ends with a line end), each with its owner's tag."""
    if len(lines) > _MAX_LINE_BYTES:
        pieces = []
        for line in lines[:-1].split(b"\n"):
            pieces += _pieces(line) if len(line) > _MAX_LINE_BYTES else (line,)
        lines = b"\n".join(pieces) + b"\n"
    request_id = getattr(owner, "aws_request_id", None)
    if request_id is not None:
        tag = b"\x1e" + request_id.encode() + b"\x1f"
        lines = tag + lines[:-1].replace(b"\n", b"\n" + tag) + b"\n"
    with _lock:
        view = memoryview(lines)
        try:
            while len(view):
                view = view[os.write(_pipe, view) :]
        except OSError:
            # The pipe has no reader any more: printing must not make a worker fail.
            pass


class Bytes(io.RawIOBase):
    """`sys.stdout.buffer`: takes bytes, otherwise like `Text`."""

    def __init__(self, fd, name):
        self._fd = fd
        self.name = name
        self.mode = "wb"

    @property
    def raw(self):
        return self

    def writable(self):
        return True

    def write(self, data):
        view = memoryview(data).cast("B")
        for at in range(0, len(view), _CHUNK_BYTES):
            _emit(self._fd, bytes(view[at : at + _CHUNK_BYTES]))
        return len(view)

    def fileno(self):
        return self._fd

    def isatty(self):
        return False

    def flush(self):
        flush_thread_output(self._fd)

    def close(self):
        """Does not close: the next invocation in this process still needs the stream."""
        self.flush()


class Text(io.TextIOBase):
    """`sys.stdout`: the stream that `print` writes to."""

    encoding = "utf-8"
    errors = "backslashreplace"
    newlines = None
    line_buffering = True
    write_through = False
    mode = "w"

    def __init__(self, fd, name):
        self._fd = fd
        self.name = name
        self.buffer = Bytes(fd, name)

    def writable(self):
        return True

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        size = len(text)
        if size <= _CHUNK_BYTES:
            _emit(self._fd, text.encode("utf-8", "backslashreplace"))
        else:
            for at in range(0, size, _CHUNK_BYTES):
                _emit(self._fd, text[at : at + _CHUNK_BYTES].encode("utf-8", "backslashreplace"))
        return size

    def fileno(self):
        return self._fd

    def isatty(self):
        return False

    def flush(self):
        flush_thread_output(self._fd)

    def close(self):
        """Does not close: the next invocation in this process still needs the stream."""
        self.flush()

    def reconfigure(self, **_options):
        """Does nothing: the protocol defines encoding and buffering."""


def flush_thread_output(fd):
    """Sends the unfinished line of a thread without an invocation, which has no end that would send it."""
    owner = getattr(_thread_output, "owner", None)
    line = owner.pending.pop((fd, get_ident()), None) if owner is not None and owner.pending else None
    if line:
        _send(owner, bytes(line) + b"\n")


def install():
    """Replaces Python's own streams by the tagging ones."""
    global _pipe
    _pipe = os.dup(1)
    sys.stdout = sys.__stdout__ = Text(1, "<stdout>")
    sys.stderr = sys.__stderr__ = Text(2, "<stderr>")


def reset_lock_after_fork():
    """Replaces the lock in a forked child: another thread may have held it during the fork."""
    global _lock
    _lock = RLock()
