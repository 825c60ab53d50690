"""The start of a host: descriptors, streams, the worker's module and its first instance, READY, then the crew.

Everything that fails before READY becomes one INIT_ERROR and an exit with status 1.
"""

import os
import sys
import threading  # noqa: F401  imported here, because the thread that imports it first counts as the main thread
from _signal import SIG_DFL, SIGINT, signal
from _thread import start_new_thread

from bedrock.workers.loader import load

from . import debug, logs, streams, trace
from .codec import encode
from .crew import CONTROL, Crew, Seat
from .faults import error_object, print_exit_text
from .import_path import prepare_path
from .wire import DATA, INIT_ERROR, READY

_LIBRARY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main():
    """Runs until the app closes the data socket; never returns."""
    take_descriptors()
    # A ^C at the terminal is the app's to handle; the default action does not land in the middle of our code.
    signal(SIGINT, SIG_DFL)
    streams.install()
    make_handle = None

    def handle_of_new_instance():
        return make_handle().handle

    trace.install()
    crew = Crew(handle_of_new_instance, debug.listen())
    let_answers_out_first(crew)
    os.register_at_fork(after_in_child=lambda: forget_app(crew))
    crew.turn.acquire()
    # Before user code runs, so that an endless import ends with the app, too.
    start_new_thread(crew.stand_by, ())
    try:
        make_handle = load_worker(os.environ["BEDROCK_WORKER_DIR"])
        seat = Seat(handle_of_new_instance())
    except BaseException as error:
        report(crew, error)
    streams.flush_unowned(1)
    streams.flush_unowned(2)
    crew.send(READY, None, b"")
    crew.turn.release()
    crew.work(seat)


def let_answers_out_first(crew):
    """A worker that calls `os._exit` ends its own call, not those that were answered before it."""
    leave = os._exit

    def _exit(status):
        crew.flush()
        leave(status)

    os._exit = _exit


def load_worker(worker_dir):
    """Makes the process look like a Lambda environment, and imports the worker into it; returns its class."""
    os.chdir(worker_dir)
    sys.argv[:] = [os.path.join(worker_dir, "main.py")]
    prepare_path(worker_dir, _LIBRARY, os.environ.get("BEDROCK_SITE_DIR"))
    logs.watch()
    shown = os.path.join(*os.path.join(worker_dir, "main.py").split(os.sep)[-3:])
    return load(os.environ.get("BEDROCK_WORKER_CLASS"), shown)


def take_descriptors():
    """Makes the protocol sockets ours alone: no child of the worker may keep them open or read from them."""
    for fd in (DATA, CONTROL):
        try:
            os.set_inheritable(fd, False)
            os.set_blocking(fd, True)
        except OSError:
            sys.stderr.write("error: `bedrock_host` is started by `cargo bedrock`, not by hand\n")
            os._exit(2)


def forget_app(crew):
    """In a forked child: it must neither answer for the host nor keep the app's sockets open."""
    # A child that comes back from `execute` has nobody to answer, and none of the other threads.
    crew.send = lambda *_answer: os._exit(0)
    # What the host holds back is the host's to send, and its lock may be held by a thread that is not here.
    crew.flush = lambda: None
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    os.dup2(nothing, DATA, False)
    os.dup2(nothing, CONTROL, False)
    os.close(nothing)
    streams.renew_after_fork()


def report(crew, error):
    """Sends INIT_ERROR and ends the process."""
    if isinstance(error, SystemExit):
        print_exit_text(error)
    streams.flush_unowned(1)
    streams.flush_unowned(2)
    crew.send(INIT_ERROR, None, encode(error_object(error)))
    os._exit(1)
