"""Runs one ministack, an emulator of AWS, for a Rust test: a line of JSON in, a line of JSON out.

Started with ministack's own Python. When its standard input ends, however the test ended, ministack and the functions
that it runs are ended with it.
"""

import base64
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
import zipfile

import boto3

REGION = "us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
# An answer that is there before Terraform's HTTP client has noted that its request is written makes it close the
# connection and send the request again; what was created by the first one is then in the way of the second.
SERVE = """
import asyncio
from hypercorn.config import Config
from hypercorn.protocol.events import Response
from hypercorn.protocol.h11 import H11Protocol
from ministack.app import main

send = H11Protocol.stream_send

async def stream_send(self, event):
    if isinstance(event, Response):
        await asyncio.sleep(0.01)
    await send(self, event)

H11Protocol.stream_send = stream_send
Config.keep_alive_max_requests = 10**9
main()
"""
ATTEMPTS = 3  # a port that was free may be taken when ministack comes to it


def start(folder):
    """A running ministack that enforces IAM, and its address."""
    for _ in range(ATTEMPTS):
        port = free_port()
        endpoint = f"http://127.0.0.1:{port}"
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE],
            env=environment(folder, endpoint, port),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if any(b"Running on http" in line for line in process.stdout):
            # Somebody has to read on, or it blocks when the pipe is full.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return process, endpoint
        process.wait()
    raise RuntimeError("ministack does not start")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def environment(folder, endpoint, port):
    """All of it, because functions inherit it."""
    return {
        **KEYS,
        "PATH": os.pathsep.join((os.path.dirname(sys.executable), os.environ["PATH"])),
        "HOME": folder,
        "TMPDIR": folder,
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": "123456789012",
        "AUTH": "true",
    }


def call(endpoint, service, operation, arguments):
    """Any operation of any API, by boto3's names."""
    client = boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
    )
    answer = getattr(client, operation)(**arguments)
    if hasattr(answer.get("Payload"), "read"):
        answer["Payload"] = answer["Payload"].read().decode()
    return answer


def get(endpoint, url):
    """Asks a function's URL, whose host no name server knows."""
    host, path = url.removeprefix("https://").split("/", 1)
    request = urllib.request.Request(f"{endpoint}/{path}", headers={"Host": host})
    try:
        with urllib.request.urlopen(request) as answer:
            return {"status": answer.status, "body": answer.read().decode()}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "body": error.read().decode()}


def pack(path, name, text):
    """Writes a zip with one file; gives its SHA-256 in base64, as manifests have it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, text)
    with open(path, "rb") as file:
        return base64.b64encode(hashlib.sha256(file.read()).digest()).decode()


def main():
    folder = tempfile.mkdtemp(prefix="ministack-")
    process, endpoint = start(folder)
    tasks = {
        "call": lambda arguments: call(endpoint, *arguments),
        "get": lambda arguments: get(endpoint, *arguments),
        "pack": lambda arguments: pack(*arguments),
    }
    try:
        print(json.dumps(endpoint), flush=True)
        for line in sys.stdin:
            task, arguments = json.loads(line)
            try:
                answer = {"ok": tasks[task](arguments)}
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer, default=str), flush=True)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


main()
