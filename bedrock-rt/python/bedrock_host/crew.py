"""The threads of a host: one reads the data socket, the others serve invocations or wait.

The rule is that **whoever is free reads**. The thread that holds `turn` is the leader and waits for a frame.
While the worker has been quick, the leader gives up the turn, serves the frame itself and takes the turn back:
no thread is woken, which would cost more than the call. Should such a call turn out slow, nobody reads; the
app notices that nothing comes back and writes a byte on the control socket, and the standby thread sends
another thread for the turn. Once the worker is known to be slow, frames go to other threads at once.

A thread that has made an instance of the worker is what Lambda calls an environment: sequential calls meet the
same one, concurrent calls meet one each.
"""

import os
import select
from _thread import allocate_lock, start_new_thread
from time import perf_counter_ns, sleep

from bedrock.workers.current import CURRENT
from bedrock.workers.faults import Fault

from .codec import decode, encode
from .context import ClientContext, Context
from .faults import error_object, print_exit_text
from .streams import finish
from .wire import DATA, ERROR, FATAL, HEAD_SIZE, INVOKE_FOR, RESPONSE, client_context, reader, sender

CONTROL = 4

# A call of this many nanoseconds is worth the waking of another thread (about 50 us on an idle machine).
SLOW = 500_000
# After a call of this many nanoseconds its answer, and those held back before, leave at once.
_HELD_AFTER = 100_000
# One slow call among quick ones counts no more than this, so that the quick mode comes back soon.
_MOST = 8 * SLOW


class Seat:
    """A thread: idle, leading, or serving. `handle` is the worker's method once this thread has an instance."""

    __slots__ = ("handle", "frame", "leads", "wake", "used")

    def __init__(self, handle=None):
        self.handle = handle
        # What to serve on waking, if anything, and whether to go for the turn (afterwards).
        self.frame = None
        self.leads = True
        self.wake = allocate_lock()
        self.wake.acquire()
        # When its instance was last used; calls meet the one that was used last, as on Lambda.
        self.used = 0


class Crew:
    """All threads of one host, and the worker's pace."""

    def __init__(self, make_handle, begin_thread=None):
        # What a debugger wants each thread to call first.
        self.begin_thread = begin_thread
        # Held by the leader, and only while it reads.
        self.turn = allocate_lock()
        self.send, self.flush = sender()
        self.next_frame, self.has_more = reader(before_wait=self.flush)
        self.make_handle = make_handle
        # Idle threads with an instance, the one used last at the end; and idle threads without.
        self.idle = []
        self.bare = []
        # Nanoseconds a call takes, averaged; a worker counts as slow until it has shown otherwise.
        self.pace = 2 * SLOW
        # When the last call began; tells `relieve` one call from the next.
        self.began = perf_counter_ns()

    def work(self, seat):
        """The life of a thread: leads when nobody does, otherwise waits to be woken."""
        try:
            if self.begin_thread is not None:
                self.begin_thread()
            while True:
                if not (self.turn.acquire(False) and self.lead(seat)):
                    self.rest(seat)
                while True:
                    seat.wake.acquire()
                    # Both now: once the answer is out, the thread may already be meant for the next frame.
                    frame, leads, seat.frame = seat.frame, seat.leads, None
                    listed = frame is not None and self.serve(seat, frame, not leads)
                    if not listed:
                        break
        except BaseException as error:
            crash(error)

    def rest(self, seat):
        """Puts a thread on the list of those that can be woken."""
        (self.bare if seat.handle is None else self.idle).append(seat)

    def lead(self, seat):
        """Reads and serves until another thread has the turn, which the caller holds at first.

        True when `seat` is already on a list of idle threads.
        """
        next_frame, serve = self.next_frame, self.serve
        give, take = self.turn.release, self.turn.acquire
        while True:
            frame = next_frame()
            slow = self.pace >= SLOW
            if slow or seat.handle is None:
                other = self.fresher(seat)
                if other is not None:
                    if slow:
                        wake(other, frame, False)
                        continue
                    # A quick worker's instance on another thread: that one becomes the leader.
                    give()
                    wake(other, frame, True)
                    return False
            give()
            if slow and self.send_for_leader():
                return serve(seat, frame, True)
            if serve(seat, frame, False):
                return True
            if not take(False):
                return False

    def fresher(self, seat):
        """Takes the idle thread whose instance was used last off the list, if that was after the one of `seat`."""
        other = pop(self.idle)
        if other is not None and other.used < seat.used:
            self.idle.append(other)
            return None
        return other

    def send_for_leader(self):
        """Lets some thread without work go for the turn, a new one when all are busy; whether there is one."""
        other = pop(self.bare) or pop(self.idle, 0)
        if other is not None:
            wake(other, None, True)
            return True
        try:
            start_new_thread(self.work, (Seat(),))
        except RuntimeError:
            # No thread to be had: then frames wait until one of ours is free again.
            return False
        return True

    def stand_by(self, fd=CONTROL):
        """The thread that sends for a new leader when the app asks, and ends the host with the app."""
        try:
            poll = select.poll()
            poll.register(fd, select.POLLIN)
            # Only the hang-up: a frame on the data socket must not wake this thread.
            poll.register(DATA, getattr(select, "POLLRDHUP", 0))
            while True:
                ready = poll.poll()
                if any(number == DATA for number, _ in ready) or not os.read(fd, 4096):
                    os._exit(0)
                self.relieve()
        except BaseException as error:
            crash(error)

    def relieve(self):
        """Makes sure that somebody reads, although the leader is busy serving.

        A leader that has only just begun gets the time of a quick call first: relieved for nothing, it would
        leave the next call to a thread without an instance.
        """
        while not self.turn.locked():
            seen = self.began
            sleep(SLOW / 1e9)
            if self.began == seen and not self.turn.locked():
                self.pace = _MOST
                self.flush()
                self.send_for_leader()
                return

    def serve(self, seat, frame, then_rest):
        """One invocation from its frame to its answer; whether `seat` is on the list of idle threads then.

        It is with `then_rest`, and when another thread has taken the turn in the meantime.
        """
        (_, asked, call, deadline, request_id, trace), data = frame
        start = HEAD_SIZE + trace
        context = Context(request_id.decode("ascii"), deadline, data[HEAD_SIZE:start] if trace else b"")
        if asked == INVOKE_FOR:
            said, start = client_context(data, start)
            context.client_context = ClientContext(decode(said))
        CURRENT.set(context)
        kind, took = RESPONSE, 0
        try:
            handle = seat.handle
            if handle is None:
                handle = seat.handle = self.make_handle()
            event = decode(text_of(data, start))
            data = frame = None
            self.began = began = perf_counter_ns()
            try:
                result = handle(event, context)
            finally:
                seat.used = perf_counter_ns()
                took = seat.used - began
                pace = self.pace
                self.pace = pace + ((took if took < _MOST else _MOST) - pace >> 2)
            body = encode(result)
        except BaseException as error:
            kind, body = failure(error, context.aws_request_id)
        if context.pending is not None:
            finish(context)
        context.pending = False
        listed = then_rest or self.turn.locked()
        if listed:
            # Before the answer is out: the app's next call may follow at once, and should meet this instance.
            self.rest(seat)
        # More calls of the same burst are served before anybody waits: their answers leave together.
        self.send(kind, call, body, not listed and took < _HELD_AFTER and self.has_more())
        return listed


def pop(seats, at=-1):
    """Takes one of `seats`, or None; in one step, because several threads take from these lists."""
    try:
        return seats.pop(at)
    except IndexError:
        return None


def wake(seat, frame, leads):
    """Wakes an idle thread that the caller has taken off its list."""
    seat.frame = frame
    seat.leads = leads
    seat.wake.release()


def text_of(data, start):
    """The event as text; only UTF-8 is JSON."""
    try:
        return data[start:].decode()
    except UnicodeDecodeError as error:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None


def failure(error, request_id):
    """`(kind, body)` of the frame that reports `error`."""
    kind = ERROR
    if isinstance(error, SystemExit):
        kind = FATAL
        print_exit_text(error)
    return kind, encode(error_object(error, request_id))


def crash(error):
    """A bug of the host, or an exception raised into it from outside, ends the process: never a silent hang."""
    import traceback

    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    os.write(2, b"bedrock host: " + text.encode("utf-8", "backslashreplace"))
    os._exit(1)
