"""`sys.stdout` and `sys.stderr` of a worker: whole lines, tagged with the request they belong to.

Decides only where a line begins and ends and whose it is; the app turns lines into log entries.
Nothing is kept here but unfinished lines, none longer than 64 KiB.
"""

import io
import os
import sys
from _thread import RLock, _local, get_ident

from bedrock.workers.current import CURRENT

# The longest line the protocol has, with its tag (0x1e, 36 bytes, 0x1f) and its end.
_MAX_LINE = 65536 - 38 - 1
# A huge text is taken in pieces, so that it is never held a second time in full.
_PIECE = 1 << 20

# The pipe under a number of our own: a worker may close 1 and 2, and open files of its own in their place.
_pipe = None
# Reentrant, because a finalizer or a signal handler may print while this thread is printing.
_lock = RLock()
_own = _local()


class _Unowned:
    """The unfinished lines of a thread that serves no invocation; what is left goes out with the thread."""

    def __init__(self):
        self.pending = None

    def __del__(self):
        finish(self)


def finish(owner):
    """Sends the unfinished lines of `owner`: a context whose invocation has ended, or an `_Unowned`."""
    pending, owner.pending = owner.pending, False
    if pending:
        for line in list(pending.values()):
            _send(owner, bytes(line) + b"\n")


def _owner():
    context = CURRENT.get()
    # A task that outlives its invocation no longer speaks for it.
    if context is not None and context.pending is not False:
        return context
    owner = getattr(_own, "owner", None)
    if owner is None:
        owner = _own.owner = _Unowned()
    return owner


def _emit(fd, data):
    """Takes in some output of this thread, sends the lines that are complete."""
    owner = _owner()
    pending = owner.pending
    if pending is None:
        pending = owner.pending = {}
    elif pending is False:
        # The invocation ended between these two lines, on another thread.
        _emit(fd, data)
        return
    # Threads that share an invocation (`asyncio.to_thread`) each finish their own line.
    key = (fd, get_ident())
    begun = pending.get(key)
    last = data.rfind(b"\n") + 1
    if not last and len(data) + (len(begun) if begun else 0) <= _MAX_LINE:
        if begun is not None:
            begun += data
        elif data:
            pending[key] = bytearray(data)
        return
    if begun:
        del pending[key]
        data = bytes(begun) + data
        last = data.rfind(b"\n") + 1
    pieces = _pieces(data[last:])
    rest = pieces.pop()
    lines = data[:last] + b"".join(piece + b"\n" for piece in pieces)
    if rest:
        pending[key] = bytearray(rest)
    _send(owner, lines)


def _pieces(line):
    """A line that is too long, cut into several, never inside a character."""
    pieces = []
    at = 0
    while len(line) - at > _MAX_LINE:
        end = at + _MAX_LINE
        while end > at and line[end] & 0xC0 == 0x80 and end > at + _MAX_LINE - 4:
            end -= 1
        pieces.append(line[at:end])
        at = end
    pieces.append(line[at:])
    return pieces


def _send(owner, lines):
    """Writes complete lines (the last one ends with a line end), each with its owner's tag."""
    if len(lines) > _MAX_LINE:
        cut = []
        for line in lines[:-1].split(b"\n"):
            cut += _pieces(line) if len(line) > _MAX_LINE else (line,)
        lines = b"\n".join(cut) + b"\n"
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
            # Nobody reads any more: what a worker prints must not make it fail.
            pass


class Bytes(io.RawIOBase):
    """`sys.stdout.buffer`: bytes, otherwise like the text stream above it."""

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
        for at in range(0, len(view), _PIECE):
            _emit(self._fd, bytes(view[at : at + _PIECE]))
        return len(view)

    def fileno(self):
        return self._fd

    def isatty(self):
        return False

    def flush(self):
        flush_unowned(self._fd)

    def close(self):
        """Closing the log of a process that goes on would only hurt the next invocation."""
        self.flush()


class Text(io.TextIOBase):
    """`sys.stdout`: what `print` writes to."""

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
        if size <= _PIECE:
            _emit(self._fd, text.encode("utf-8", "backslashreplace"))
        else:
            for at in range(0, size, _PIECE):
                _emit(self._fd, text[at : at + _PIECE].encode("utf-8", "backslashreplace"))
        return size

    def fileno(self):
        return self._fd

    def isatty(self):
        return False

    def flush(self):
        flush_unowned(self._fd)

    def close(self):
        """Closing the log of a process that goes on would only hurt the next invocation."""
        self.flush()

    def reconfigure(self, **_options):
        """Accepted and ignored: encoding and buffering are what the protocol says."""


def flush_unowned(fd):
    """Sends a thread's unfinished line when nothing else would: only invocations have an end."""
    owner = getattr(_own, "owner", None)
    line = owner.pending.pop((fd, get_ident()), None) if owner is not None and owner.pending else None
    if line:
        _send(owner, bytes(line) + b"\n")


def install():
    """Puts the tagging streams in the place of Python's own."""
    global _pipe
    _pipe = os.dup(1)
    sys.stdout = sys.__stdout__ = Text(1, "<stdout>")
    sys.stderr = sys.__stderr__ = Text(2, "<stderr>")


def renew_after_fork():
    """For a forked child: another thread may have held the lock at that moment."""
    global _lock
    _lock = RLock()
