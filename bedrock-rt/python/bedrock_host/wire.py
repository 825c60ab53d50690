"""Frames on the data socket: reads invocations, sends answers. Layout: `docs/src/host-protocol.md`.

Reading is for the one thread that has the turn (`crew`); sending is for any thread.
"""

import os
from _thread import allocate_lock
from struct import Struct
from struct import error as too_short

DATA = 3
# From the host.
READY, INIT_ERROR, RESPONSE, ERROR, FATAL = 1, 2, 3, 4, 5
# From the app; the second is the first with a client context before the event.
INVOKE, INVOKE_FOR = 1, 3

# length, kind, id, deadline, request id, length of the trace header
_INVOKE_HEAD = Struct("<IBQQ36sB")
_ANSWER_HEAD = Struct("<IBQ")
_SHORT_HEAD = Struct("<IB")
_LENGTH = Struct("<I")
_SHORT_LENGTH = Struct("<H")
HEAD_SIZE = _INVOKE_HEAD.size

# One read takes in a burst of small events; bigger events get a buffer of their own size.
_CHUNK = 65536
# Above this an answer is sent from where it is instead of being copied behind its head.
_COPY_LIMIT = 65536
# Answers that are held back at most; each is small.
_HOLD_MOST = 64

# A worker may call `os._exit`, which `host` replaces to let answers out first.
_exit = os._exit


def reader(fd=DATA, before_wait=None):
    """Two functions: one waits for the next frame, `(head, frame)`, the frame with its length prefix; the other
    tells whether more has been read already. `before_wait` is called before the process waits for bytes.
    """
    read, unpack, length_at = os.read, _INVOKE_HEAD.unpack_from, _LENGTH.unpack_from
    # The unread rest of what the last read took in, and where in it the next frame begins.
    rest, at = b"", 0

    def next_frame():
        nonlocal rest, at
        data = rest
        if data:
            have = len(data) - at
            if have >= 4:
                end = at + 4 + length_at(data, at)[0]
                if end <= len(data):
                    frame = data[at:end]
                    rest, at = (data, end) if end < len(data) else (b"", 0)
                    return checked(frame)
            data, rest, at = data[at:], b"", 0
        else:
            if before_wait is not None:
                before_wait()
            data = receive(read, fd)
            # The usual case, in few steps: one read brought exactly one frame.
            try:
                head = unpack(data)
                if head[0] == len(data) - 4 and head[1] == INVOKE:
                    return head, data
            except too_short:
                pass
        if before_wait is not None:
            before_wait()
        while len(data) < 4:
            data += receive(read, fd)
        end = 4 + length_at(data)[0]
        if end < len(data):
            rest, at = data, end
            return checked(data[:end])
        return checked(complete(data, end, fd))

    def checked(frame):
        try:
            head = unpack(frame)
        except too_short:
            head = None
        if head is None or head[1] not in (INVOKE, INVOKE_FOR) or HEAD_SIZE + head[5] > len(frame):
            fail(f"a frame of {len(frame)} bytes is no invocation: {bytes(frame[:32])!r}")
        return head, frame

    def has_more():
        return bool(rest)

    return next_frame, has_more


def client_context(frame, start):
    """The client context of an INVOKE_FOR frame as JSON text, and where the event begins behind it."""
    end = start + 2 + _SHORT_LENGTH.unpack_from(frame, start)[0]
    return bytes(frame[start + 2 : end]).decode(), end


def receive(read, fd):
    """The next bytes; ends the process when there are none, for then the app is gone or wants us gone."""
    try:
        data = read(fd, _CHUNK)
    except OSError:
        data = b""
    if not data:
        _exit(0)
    return data


def complete(data, size, fd):
    """Reads the rest of a frame of `size` bytes, each byte once, however large it is."""
    if len(data) == size:
        return data
    frame = bytearray(size)
    view = memoryview(frame)
    have = len(data)
    view[:have] = data
    while have < size:
        try:
            got = os.readv(fd, [view[have:]])
        except OSError:
            got = 0
        if not got:
            _exit(0)
        have += got
    view.release()
    return frame


def sender(fd=DATA):
    """Two functions: `send(kind, call, body, hold)` sends one frame whole, `call` is None for init frames; `flush()`.

    With `hold` a small frame may wait for the next `send` or `flush`: one write for a burst of answers.
    """
    write, writev, pack, lock = os.write, os.writev, _ANSWER_HEAD.pack, allocate_lock()
    held = []

    def send(kind, call, body, hold=False):
        size = len(body)
        head = _SHORT_HEAD.pack(size + 1, kind) if call is None else pack(size + 9, kind, call)
        with lock:
            if size > _COPY_LIMIT:
                put_all(b"")
                sent = put(writev, (head, body))
                put_rest(memoryview(body)[sent - len(head) :] if sent >= len(head) else head[sent:] + body)
            elif hold and len(held) < _HOLD_MOST:
                held.append(head + body)
            else:
                put_all(head + body)

    def flush():
        # Looked at without the lock: whoever holds an answer back flushes before it waits.
        if held:
            with lock:
                put_all(b"")

    def put_all(frame):
        if held:
            held.append(frame)
            frame = b"".join(held)
            held.clear()
        if frame:
            sent = put(write, frame)
            if sent != len(frame):
                put_rest(memoryview(frame)[sent:])

    def put_rest(pieces):
        while len(pieces):
            pieces = pieces[put(write, pieces) :]

    def put(how, what):
        try:
            return how(fd, what)
        except OSError:
            # Nobody is left to answer to.
            _exit(0)

    return send, flush


def fail(reason):
    """Ends the process for a breach of the protocol: both sides ship together, so this is a bug."""
    os.write(2, f"bedrock host: {reason}\n".encode())
    _exit(1)
