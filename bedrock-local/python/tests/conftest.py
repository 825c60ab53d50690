"""Fixtures: `start` writes a worker to disk and starts a host for it, `gate` blocks workers, `api` is the server
that they call.
"""

import os
import sys
import textwrap

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from app_driver import Host  # noqa: E402
from fake_api import FakeApi  # noqa: E402

from bedrock.workers import local_api  # noqa: E402


@pytest.fixture
def worker_dir(tmp_path):
    path = tmp_path / "workers" / "subject"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def launch(worker_dir):
    """`launch(source, ...)` starts a host for a `main.py` with that source and does not wait for READY."""
    hosts = []

    def launch(source, **options):
        if source is not None:
            (worker_dir / "main.py").write_text(textwrap.dedent(source))
        host = Host(worker_dir, **options)
        hosts.append(host)
        return host

    yield launch
    for host in hosts:
        host.close()


@pytest.fixture
def start(launch):
    """`start(body, ...)` starts a host whose `execute` has that body and waits for READY. `before` is inserted above
    the class.
    """

    def start(body, before="", **options):
        source = "from bedrock.workers.worker import Worker\n" + textwrap.dedent(before)
        source += "\n\nclass Subject(Worker):\n    def execute(self, event, context):\n"
        source += textwrap.indent(textwrap.dedent(body).strip("\n"), " " * 8) + "\n"
        return launch(source, **options).ready()

    return start


class Gate:
    """A named pipe: a worker that reads from it waits until the test opens the gate, once per waiting reader."""

    def __init__(self, path):
        self.path = str(path)
        os.mkfifo(self.path)
        # Opened for reading and writing, so that neither the worker nor the test blocks on opening it.
        self._fd = os.open(self.path, os.O_RDWR)

    def open(self, times=1):
        os.write(self._fd, b"x" * times)

    def close(self):
        os.close(self._fd)


@pytest.fixture
def gate(tmp_path):
    gate_instance = Gate(tmp_path / "gate")
    yield gate_instance
    gate_instance.close()


@pytest.fixture
def api(monkeypatch):
    """`api(response)` starts the server that `invoke` calls."""
    servers = []

    def api(response, **options):
        server = FakeApi(response if callable(response) else lambda _request: response, **options)
        servers.append(server)
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", server.address)
        return server

    monkeypatch.setenv("BEDROCK_LOCAL", "1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "secret-of-this-run")
    local_api._drop()
    yield api
    local_api._drop()
    for server in servers:
        server.close()
