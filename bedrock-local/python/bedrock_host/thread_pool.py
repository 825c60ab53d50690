"""The leader/followers thread pool of a host: one thread reads the data socket, the others run invocations or wait.

The thread that holds `leader_lock` is the leader and waits for a frame. While calls have been fast, the leader
releases the lock, runs the invocation itself and takes the lock again: no other thread is woken, which would cost
more than the call. If such a call turns out to be slow, no thread reads. The app notices that no response arrives
and writes a byte to the control socket; the thread that watches it then makes another thread the leader. Once calls
are known to be slow, frames are passed to other threads immediately.

A thread with an instance of the worker corresponds to an execution environment of Lambda: sequential calls run on
the same one, concurrent calls on one each.
"""

import os
import select
from _thread import allocate_lock, start_new_thread
from time import perf_counter_ns, sleep

from bedrock.workers.runtime_errors import LambdaRuntimeError, print_causes
from bedrock.workers.worker import CURRENT

from .codec import decode, encode, encode_error
from .context import ClientContext, Context
from .error_format import ends_process, error_object, print_exit_text
from .framing import DATA_FD, ERROR, FATAL, HEADER_SIZE, INVOKE_FOR, RESPONSE, client_context, reader, sender
from .streams import finish

CONTROL_FD = 4

# From this duration on, a call is worth waking another thread (about 50 us on an idle machine).
SLOW_CALL_NS = 500_000
# After a call that took longer, its response is sent immediately, with the responses that were held back.
_MAX_HELD_CALL_NS = 100_000
# Upper limit of a sample of the average, so that one slow call among fast ones does not count for long.
_MAX_SAMPLE_NS = 8 * SLOW_CALL_NS


class Slot:
    """A thread of the pool. `handle` is the worker's method once the thread has an instance of the worker."""

    __slots__ = ("handle", "frame", "becomes_leader", "wake", "used")

    def __init__(self, handle=None):
        self.handle = handle
        # The frame to run after waking, if any, and whether to try to become the leader (afterwards).
        self.frame = None
        self.becomes_leader = True
        self.wake = allocate_lock()
        self.wake.acquire()
        # Time of the last use of the instance. The next call gets the instance that was used last, as on Lambda.
        self.used = 0


class ThreadPool:
    """All threads of one host."""

    def __init__(self, new_handle, on_thread_start=None):
        # Called first by each thread, for a debugger.
        self.on_thread_start = on_thread_start
        # Held by the leader, only while it reads.
        self.leader_lock = allocate_lock()
        self.send, self.flush = sender()
        self.next_frame, self.has_buffered_frame = reader(before_wait=self.flush)
        self.new_handle = new_handle
        # Idle threads with an instance, the one that was used last at the end.
        self.idle_with_instance = []
        self.idle_without_instance = []
        # Moving average of the duration of a call. Calls count as slow until they have been fast.
        self.average_ns = 2 * SLOW_CALL_NS
        # Start of the last call, from which `replace_busy_leader` recognises a new call.
        self.started = perf_counter_ns()

    def run_thread(self, slot):
        """Runs a thread: it becomes the leader if there is none, otherwise it waits to be woken."""
        try:
            if self.on_thread_start is not None:
                self.on_thread_start()
            while True:
                if not (self.leader_lock.acquire(False) and self.run_leader(slot)):
                    self.add_idle(slot)
                while True:
                    slot.wake.acquire()
                    # Read together: once the response is sent, the thread may already have got its next frame.
                    frame, becomes_leader, slot.frame = slot.frame, slot.becomes_leader, None
                    is_idle = frame is not None and self.run_invocation(slot, frame, not becomes_leader)
                    if not is_idle:
                        break
        except BaseException as error:
            abort(error)

    def add_idle(self, slot):
        """Adds a thread to the list of those that can be woken."""
        (self.idle_without_instance if slot.handle is None else self.idle_with_instance).append(slot)

    def run_leader(self, slot):
        """Reads and runs invocations until another thread is the leader. The caller holds `leader_lock`.

        Returns True if `slot` is already in a list of idle threads.
        """
        next_frame, run_invocation = self.next_frame, self.run_invocation
        release, acquire = self.leader_lock.release, self.leader_lock.acquire
        while True:
            frame = next_frame()
            is_slow = self.average_ns >= SLOW_CALL_NS
            if is_slow or slot.handle is None:
                other = self.pop_more_recent(slot)
                if other is not None:
                    if is_slow:
                        wake(other, frame, False)
                        continue
                    # Another thread has the instance of a fast worker: it becomes the leader.
                    release()
                    wake(other, frame, True)
                    return False
            release()
            if is_slow and self.promote_follower():
                return run_invocation(slot, frame, True)
            if run_invocation(slot, frame, False):
                return True
            if not acquire(False):
                return False

    def pop_more_recent(self, slot):
        """Returns the idle thread with the most recently used instance, or None if that of `slot` is more recent."""
        other = pop(self.idle_with_instance)
        if other is not None and other.used < slot.used:
            self.idle_with_instance.append(other)
            return None
        return other

    def promote_follower(self):
        """Makes an idle thread, or else a new one, try to become the leader. Returns False if there is none."""
        other = pop(self.idle_without_instance) or pop(self.idle_with_instance, 0)
        if other is not None:
            wake(other, None, True)
            return True
        try:
            start_new_thread(self.run_thread, (Slot(),))
        except RuntimeError:
            # The system allows no more threads: frames wait until one of the pool is free.
            return False
        return True

    def watch_control_socket(self, fd=CONTROL_FD):
        """Runs a thread that replaces the leader when the app asks for it, and ends the host with the app."""
        try:
            poll = select.poll()
            poll.register(fd, select.POLLIN)
            # Only the hang-up: a frame on the data socket must not wake this thread.
            poll.register(DATA_FD, getattr(select, "POLLRDHUP", 0))
            while True:
                ready = poll.poll()
                if any(number == DATA_FD for number, _ in ready) or not os.read(fd, 4096):
                    os._exit(0)
                self.replace_busy_leader()
        except BaseException as error:
            abort(error)

    def replace_busy_leader(self):
        """Makes another thread read if the leader is busy with an invocation.

        A call that has just started first gets the time of a fast call: replacing its thread without need would
        leave the next call to a thread without an instance.
        """
        while not self.leader_lock.locked():
            last_started = self.started
            sleep(SLOW_CALL_NS / 1e9)
            if self.started == last_started and not self.leader_lock.locked():
                self.average_ns = _MAX_SAMPLE_NS
                self.flush()
                self.promote_follower()
                return

    def run_invocation(self, slot, frame, becomes_idle):
        """Runs one invocation, from its frame to its response.

        Returns whether `slot` is in the list of idle threads. It is with `becomes_idle`, and if another thread has
        become the leader in the meantime.
        """
        (_, frame_kind, call, deadline, request_id, trace), data = frame
        start = HEADER_SIZE + trace
        context = Context(request_id.decode("ascii"), deadline, data[HEADER_SIZE:start] if trace else b"")
        if frame_kind == INVOKE_FOR:
            text, start = client_context(data, start)
            context.client_context = ClientContext(decode(text))
        CURRENT.set(context)
        kind, duration = RESPONSE, 0
        try:
            handle = slot.handle
            if handle is None:
                handle = slot.handle = self.new_handle()
            event = decode(text_of(data, start))
            data = frame = None
            self.started = started = perf_counter_ns()
            try:
                result = handle(event, context)
            finally:
                slot.used = perf_counter_ns()
                duration = slot.used - started
                average = self.average_ns
                sample = duration if duration < _MAX_SAMPLE_NS else _MAX_SAMPLE_NS
                self.average_ns = average + (sample - average >> 2)
            body = encode(result)
        except BaseException as error:
            kind, body = error_frame(error, context.aws_request_id)
        if context.pending is not None:
            finish(context)
        context.pending = False
        is_idle = becomes_idle or self.leader_lock.locked()
        if is_idle:
            # Before the response is sent: the app's next call may follow immediately and should get this instance.
            self.add_idle(slot)
        # The other calls of a burst run before this thread waits, and their responses are sent together.
        self.send(kind, call, body, not is_idle and duration < _MAX_HELD_CALL_NS and self.has_buffered_frame())
        return is_idle


def pop(slots, at=-1):
    """Removes and returns one of `slots`, or None. A single operation, because several threads use these lists."""
    try:
        return slots.pop(at)
    except IndexError:
        return None


def wake(slot, frame, becomes_leader):
    """Wakes an idle thread. The caller has removed it from its list."""
    slot.frame = frame
    slot.becomes_leader = becomes_leader
    slot.wake.release()


def text_of(data, start):
    """Returns the event as text. JSON must be UTF-8."""
    try:
        return data[start:].decode()
    except UnicodeDecodeError as error:
        raise LambdaRuntimeError("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None


def error_frame(error, request_id):
    """Returns `(kind, body)` of the frame that reports `error`."""
    kind = ERROR
    if ends_process(error):
        kind = FATAL
        print_exit_text(error)
    else:
        print_causes(error)
    return kind, encode_error(error_object(error, request_id))


def abort(error):
    """Ends the process after a bug of the host, or an exception raised into it from outside, instead of hanging."""
    import traceback

    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    os.write(2, b"bedrock host: " + text.encode("utf-8", "backslashreplace"))
    os._exit(1)
