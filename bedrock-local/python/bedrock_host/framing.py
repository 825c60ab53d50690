"""Reads and writes frames on the data socket. Format: `docs/src/host-protocol.md`.

Only the leader of the thread pool reads; any thread may write.
"""

import os
from _thread import allocate_lock
from struct import Struct
from struct import error as struct_error

DATA_FD = 3
# Frames from the host.
READY, INIT_ERROR, RESPONSE, ERROR, FATAL = 1, 2, 3, 4, 5
# Frames from the app. INVOKE_FOR has a client context before the event.
INVOKE, INVOKE_FOR = 1, 3

# length, kind, id, deadline, request id, length of the trace header
_INVOKE_HEADER = Struct("<IBQQ36sB")
_RESPONSE_HEADER = Struct("<IBQ")
_SHORT_HEADER = Struct("<IB")
_LENGTH = Struct("<I")
_SHORT_LENGTH = Struct("<H")
HEADER_SIZE = _INVOKE_HEADER.size

# Size of a read, which receives a burst of small events. Larger events get a buffer of their own size.
_READ_SIZE = 65536
# A larger response is sent with `writev` instead of being copied after its header.
_COPY_LIMIT = 65536
# Maximum number of responses that are held back; each is small.
_MAX_HELD_FRAMES = 64

# The original function: `host` replaces `os._exit` to send responses first.
_exit = os._exit


def reader(fd=DATA_FD, before_wait=None):
    """Returns two functions: `next_frame()` waits for the next frame and returns `(header, frame)`, where `frame`
    includes the length prefix; `has_buffered_frame()` returns whether more data has already been read.
    `before_wait` is called before the process waits for data.
    """
    read, unpack, length_at = os.read, _INVOKE_HEADER.unpack_from, _LENGTH.unpack_from
    # Unread data of the last read, and the start of the next frame in it.
    buffer, at = b"", 0

    def next_frame():
        nonlocal buffer, at
        data = buffer
        if data:
            received_bytes = len(data) - at
            if received_bytes >= 4:
                end = at + 4 + length_at(data, at)[0]
                if end <= len(data):
                    frame = data[at:end]
                    buffer, at = (data, end) if end < len(data) else (b"", 0)
                    return parse(frame)
            data, buffer, at = data[at:], b"", 0
        else:
            if before_wait is not None:
                before_wait()
            data = receive(read, fd)
            # Fast path for the usual case: one read received exactly one frame.
            try:
                header = unpack(data)
                if header[0] == len(data) - 4 and header[1] == INVOKE:
                    return header, data
            except struct_error:
                pass
        if before_wait is not None:
            before_wait()
        while len(data) < 4:
            data += receive(read, fd)
        end = 4 + length_at(data)[0]
        if end < len(data):
            buffer, at = data, end
            return parse(data[:end])
        return parse(complete(data, end, fd))

    def parse(frame):
        try:
            header = unpack(frame)
        except struct_error:
            header = None
        if header is None or header[1] not in (INVOKE, INVOKE_FOR) or HEADER_SIZE + header[5] > len(frame):
            fail(f"a frame of {len(frame)} bytes is not an invocation: {bytes(frame[:32])!r}")
        return header, frame

    def has_buffered_frame():
        return bool(buffer)

    return next_frame, has_buffered_frame


def client_context(frame, start):
    """Returns the client context of an INVOKE_FOR frame as JSON text, and the start of the event after it."""
    end = start + 2 + _SHORT_LENGTH.unpack_from(frame, start)[0]
    return bytes(frame[start + 2 : end]).decode(), end


def receive(read, fd):
    """Returns the next bytes. Ends the process at the end of the stream: the app has exited or wants this process to
    exit.
    """
    try:
        data = read(fd, _READ_SIZE)
    except OSError:
        data = b""
    if not data:
        _exit(0)
    return data


def complete(data, size, fd):
    """Reads the rest of a frame of `size` bytes into one buffer."""
    if len(data) == size:
        return data
    frame = bytearray(size)
    view = memoryview(frame)
    received_bytes = len(data)
    view[:received_bytes] = data
    while received_bytes < size:
        try:
            read_bytes = os.readv(fd, [view[received_bytes:]])
        except OSError:
            read_bytes = 0
        if not read_bytes:
            _exit(0)
        received_bytes += read_bytes
    view.release()
    return frame


def sender(fd=DATA_FD):
    """Returns two functions: `send(kind, call, body, hold)` sends one frame, where `call` is None for init frames;
    `flush()` sends the frames that are held back.

    With `hold` a small frame may wait for the next `send` or `flush`, so that a burst of responses takes one write.
    """
    write, writev, pack, lock = os.write, os.writev, _RESPONSE_HEADER.pack, allocate_lock()
    held_frames = []

    def send(kind, call, body, hold=False):
        size = len(body)
        header = _SHORT_HEADER.pack(size + 1, kind) if call is None else pack(size + 9, kind, call)
        with lock:
            if size > _COPY_LIMIT:
                write_held(b"")
                sent = write_some(writev, (header, body))
                write_rest(memoryview(body)[sent - len(header) :] if sent >= len(header) else header[sent:] + body)
            elif hold and len(held_frames) < _MAX_HELD_FRAMES:
                held_frames.append(header + body)
            else:
                write_held(header + body)

    def flush():
        # Checked without the lock: a thread that holds a response back flushes before it waits.
        if held_frames:
            with lock:
                write_held(b"")

    def write_held(frame):
        if held_frames:
            held_frames.append(frame)
            frame = b"".join(held_frames)
            held_frames.clear()
        if frame:
            sent = write_some(write, frame)
            if sent != len(frame):
                write_rest(memoryview(frame)[sent:])

    def write_rest(pieces):
        while len(pieces):
            pieces = pieces[write_some(write, pieces) :]

    def write_some(system_call, data):
        try:
            return system_call(fd, data)
        except OSError:
            # The app has exited.
            _exit(0)

    return send, flush


def fail(reason):
    """Ends the process after a protocol violation. Both sides are shipped together, so this is a bug."""
    os.write(2, f"bedrock host: {reason}\n".encode())
    _exit(1)
