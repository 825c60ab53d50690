"""Starts a host: descriptors, streams, the worker's module and its first instance, READY, then the thread pool.

Each error before READY is sent as INIT_ERROR, and the process exits with status 1.
"""

import os
import sys
import threading  # noqa: F401  imported here, because the thread that imports it first counts as the main thread
from _signal import SIG_DFL, SIGINT, signal
from _thread import start_new_thread

from bedrock.workers.loader import load

from . import debug, logs, streams, trace
from .codec import encode, encode_error
from .thread_pool import CONTROL_FD, Slot, ThreadPool
from .error_format import ends_process, error_object, print_exit_text
from .import_path import import_shadowed, prepare_path
from .framing import DATA_FD, INIT_ERROR, READY

_LIBRARY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main():
    """Runs until the app closes the data socket; does not return."""
    take_descriptors()
    # The app handles ^C at the terminal. With the default action, no exception is raised inside the host's code.
    signal(SIGINT, SIG_DFL)
    streams.install()
    new_handle = None

    def handle_of_new_instance():
        return new_handle().handle

    trace.install()
    pool = ThreadPool(handle_of_new_instance, debug.listen())
    flush_before_exit(pool)
    os.register_at_fork(after_in_child=lambda: detach_child(pool))
    pool.leader_lock.acquire()
    # Before user code runs, so that the host ends with the app even during an endless import.
    start_new_thread(pool.watch_control_socket, ())
    try:
        new_handle = load_worker(os.environ["BEDROCK_WORKER_DIR"])
        slot = Slot(handle_of_new_instance())
        contract = read_contract(new_handle)
    except BaseException as error:
        send_init_error(pool, error)
    streams.flush_thread_output(1)
    streams.flush_thread_output(2)
    pool.send(READY, None, contract)
    pool.leader_lock.release()
    pool.run_thread(slot)


def flush_before_exit(pool):
    """Makes `os._exit` send the responses first that are held back: it ends its own call, not the others."""
    exit_now = os._exit

    def _exit(status):
        pool.flush()
        exit_now(status)

    os._exit = _exit


def load_worker(worker_dir):
    """Makes the process look like a Lambda environment, imports the worker and returns its class."""
    os.chdir(worker_dir)
    sys.argv[:] = [os.path.join(worker_dir, "main.py")]
    shared_dir = os.environ.get("BEDROCK_SHARED_DIR")
    import_shadowed((worker_dir, shared_dir, os.environ.get("BEDROCK_SITE_DIR")))
    prepare_path(worker_dir, _LIBRARY, shared_dir, os.environ.get("BEDROCK_SITE_DIR"))
    logs.watch()
    display_path = os.path.join(*os.path.join(worker_dir, "main.py").split(os.sep)[-3:])
    worker_class = load(os.environ.get("BEDROCK_WORKER_CLASS"), display_path)
    if os.environ.get("BEDROCK_DURABLE") != "1":
        return worker_class
    from .durable import durable

    return durable(worker_class)


def read_contract(worker_class):
    """Returns the types of the worker as JSON if the app wants to know them, otherwise an empty text."""
    if os.environ.get("BEDROCK_CONTRACT") != "1":
        return b""
    # Imported here, because it needs modules that few workers have imported.
    from .contract import contract_of

    return encode(contract_of(worker_class))


def take_descriptors():
    """Makes the protocol sockets private: no child process of the worker may keep them open or read from them."""
    for fd in (DATA_FD, CONTROL_FD):
        try:
            os.set_inheritable(fd, False)
            os.set_blocking(fd, True)
        except OSError:
            sys.stderr.write("error: `bedrock_host` cannot be started directly; `cargo bedrock` starts it\n")
            os._exit(2)


def detach_child(pool):
    """Detaches a forked child: it must neither respond for the host nor keep the app's sockets open."""
    # A child that returns from `execute` has no caller to respond to, and none of the other threads.
    pool.send = lambda *_frame: os._exit(0)
    # The parent sends the responses that it holds back, and a thread that the child does not have may hold the lock.
    pool.flush = lambda: None
    null_device = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    os.dup2(null_device, DATA_FD, False)
    os.dup2(null_device, CONTROL_FD, False)
    os.close(null_device)
    streams.reset_lock_after_fork()


def send_init_error(pool, error):
    """Sends INIT_ERROR and ends the process."""
    if ends_process(error):
        print_exit_text(error)
    streams.flush_thread_output(1)
    streams.flush_thread_output(2)
    pool.send(INIT_ERROR, None, encode_error(error_object(error)))
    os._exit(1)
