"""Runs a ministack server and calls it with boto3 for a Rust test: one line of JSON per request and per response.

Started with ministack's own Python and one argument: `true` to enforce IAM. When the standard input ends, however the
test ended, the server and the functions that it runs are killed.
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
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
# A free port may be in use again by the time ministack binds it.
MAX_START_ATTEMPTS = 3
START_TIMEOUT_SECONDS = 60


class Server:
    """A ministack server, in its own process group and folder."""

    def __init__(self, enforce_iam):
        self.folder = tempfile.mkdtemp(prefix="ministack-")
        self.log = os.path.join(self.folder, "log")
        for _ in range(MAX_START_ATTEMPTS):
            port = free_port()
            self.endpoint = f"http://127.0.0.1:{port}"
            with open(self.log, "wb") as log:
                self.process = subprocess.Popen(
                    [os.path.join(os.path.dirname(sys.executable), "ministack")],
                    env=self.environment(port, enforce_iam),
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            if self.is_healthy():
                return
            self.kill()
        with open(self.log, errors="replace") as log:
            output = log.read()[-4000:]
        shutil.rmtree(self.folder)
        raise RuntimeError(f"ministack does not start: {output}")

    def environment(self, port, enforce_iam):
        """Returns all environment variables of the server. Functions inherit them, so nothing else may be in them."""
        return {
            **CREDENTIALS,
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
            # Functions with a custom runtime get the endpoint only in this way.
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": "123456789012",
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
            "AUTH": enforce_iam,
        }

    def is_healthy(self):
        """Waits until the server responds. Returns False if it exits or the timeout expires."""
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=5) as response:
                    return response.status == 200 and self.process.poll() is None
            except OSError:
                time.sleep(0.02)
        return False

    def kill(self):
        """Kills the server and all functions."""
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
    """The boto3 clients of one endpoint, created on first use."""

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

    def send(self, request):
        """Sends a request to the API. Returns its response, or its error response."""
        from botocore.exceptions import ClientError

        client = self.client(request["service"])
        arguments = read_files(request["arguments"])
        try:
            if "waiter" in request:
                client.get_waiter(request["waiter"]).wait(**arguments)
                return {"ok": None}
            output = getattr(client, request["operation"])(**arguments)
            if "LogResult" in output:
                output["LogResult"] = base64.b64decode(output["LogResult"])
            return {"ok": to_json(output)}
        except ClientError as error:
            details = error.response["Error"]
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return {"error": {"code": details["Code"], "message": details.get("Message", ""), "status": status}}


def read_files(value):
    """Replaces `{"$file": PATH}` anywhere in the arguments by the bytes of the file."""
    if isinstance(value, dict):
        if list(value) == ["$file"]:
            with open(value["$file"], "rb") as file:
                return file.read()
        return {key: read_files(item) for key, item in value.items()}
    return [read_files(item) for item in value] if isinstance(value, list) else value


def to_json(value):
    """Converts an output of boto3 to JSON values: bytes to text if possible, otherwise to base64; times to text."""
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def write_response(value):
    print(json.dumps(value), flush=True)


def serve(api, lines):
    """Sends the requests in `lines`, one after the other, and writes their responses."""
    while True:
        try:
            response = api.send(json.loads(lines.get()))
        except Exception as error:
            response = {"error": {"code": type(error).__name__, "message": str(error), "status": None}}
        write_response(response)


def main():
    try:
        server = Server(sys.argv[1])
    except RuntimeError as error:
        write_response({"error": {"code": "NotStarted", "message": str(error), "status": None}})
        return
    try:
        write_response({"ok": server.endpoint})
        # Requests run on another thread, so that the end of the input is noticed while a request is running.
        lines = queue.SimpleQueue()
        threading.Thread(target=serve, args=(Api(server.endpoint), lines), daemon=True).start()
        for line in sys.stdin:
            lines.put(line)
    finally:
        server.kill()
        shutil.rmtree(server.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
