"""Runs one ministack and speaks to it with boto3 for a Rust test: a line of JSON in, a line of JSON out.

Started with ministack's own Python and one argument, `true` to have IAM enforced. When its standard input ends, however
the test ended, ministack and the functions it runs are ended with it.
"""

import base64
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

REGION = "us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
# A port that was free may be taken when ministack comes to it.
ATTEMPTS = 3
START_SECONDS = 60


class Server:
    """One ministack in a process group and a folder of its own."""

    def __init__(self, auth):
        self.folder = tempfile.mkdtemp(prefix="ministack-")
        self.log = os.path.join(self.folder, "log")
        for _ in range(ATTEMPTS):
            port = free_port()
            self.endpoint = f"http://127.0.0.1:{port}"
            with open(self.log, "wb") as log:
                self.process = subprocess.Popen(
                    [os.path.join(os.path.dirname(sys.executable), "ministack")],
                    env=self.environment(port, auth),
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            if self.is_healthy():
                return
            self.end()
        with open(self.log, errors="replace") as log:
            said = log.read()[-4000:]
        shutil.rmtree(self.folder)
        raise RuntimeError(f"ministack does not start: {said}")

    def environment(self, port, auth):
        """All of it, because functions inherit it: what is not here does not get to them by accident."""
        return {
            **KEYS,
            "PATH": os.pathsep.join((os.path.dirname(sys.executable), os.environ["PATH"])),
            "HOME": self.folder,
            "TMPDIR": self.folder,
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "DOCKER_HOST": "unix:///nonexistent/docker.sock",
            # The only way in which the address reaches functions of a custom runtime.
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": "123456789012",
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
            "AUTH": auth,
        }

    def is_healthy(self):
        """Waits until it answers; False when it has ended or takes too long."""
        until = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=5) as answer:
                    return answer.status == 200 and self.process.poll() is None
            except OSError:
                time.sleep(0.02)
        return False

    def end(self):
        """Ends ministack and every function."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Api:
    """boto3's clients of one endpoint, made when they are needed."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.clients = {}

    def client(self, service):
        import boto3
        from botocore.config import Config

        if service not in self.clients:
            config = Config(retries={"total_max_attempts": 1}, read_timeout=900)
            self.clients[service] = boto3.client(
                service,
                endpoint_url=self.endpoint,
                region_name=REGION,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=config,
            )
        return self.clients[service]

    def answer(self, request):
        """Does what a request says; the answer, or the error that AWS's API gave."""
        from botocore.exceptions import ClientError

        client = self.client(request["service"])
        arguments = read_files(request["arguments"])
        try:
            if "waiter" in request:
                client.get_waiter(request["waiter"]).wait(**arguments)
                return {"ok": None}
            answer = getattr(client, request["operation"])(**arguments)
            if "LogResult" in answer:
                answer["LogResult"] = base64.b64decode(answer["LogResult"])
            return {"ok": plain(answer)}
        except ClientError as error:
            told = error.response["Error"]
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return {"error": {"code": told["Code"], "message": told.get("Message", ""), "status": status}}


def read_files(value):
    """`{"$file": PATH}` anywhere in the arguments stands for the bytes of a file."""
    if isinstance(value, dict):
        if list(value) == ["$file"]:
            with open(value["$file"], "rb") as file:
                return file.read()
        return {key: read_files(item) for key, item in value.items()}
    return [read_files(item) for item in value] if isinstance(value, list) else value


def plain(value):
    """An answer of boto3 as JSON has it: bytes are text if they can be, times are text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def say(value):
    print(json.dumps(value), flush=True)


def answer_all(api, lines):
    """Answers the requests in `lines`, one after the other."""
    while True:
        try:
            answer = api.answer(json.loads(lines.get()))
        except Exception as error:
            answer = {"error": {"code": type(error).__name__, "message": str(error), "status": None}}
        say(answer)


def main():
    try:
        server = Server(sys.argv[1])
    except RuntimeError as error:
        say({"error": {"code": "NotStarted", "message": str(error), "status": None}})
        return
    try:
        say({"ok": server.endpoint})
        # Requests are answered on another thread, so that the end of the input is seen while one still runs.
        lines = queue.SimpleQueue()
        threading.Thread(target=answer_all, args=(Api(server.endpoint), lines), daemon=True).start()
        for line in sys.stdin:
            lines.put(line)
    finally:
        server.end()
        shutil.rmtree(server.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
