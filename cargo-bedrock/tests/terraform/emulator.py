"""Runs ministack, an emulator of AWS, for a Rust test. Reads one JSON request a line and writes one JSON response a line.

It is started with the Python interpreter of ministack. When standard input is closed, even by a crash of the test,
ministack and the functions that it runs are killed.
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
# If a response arrives before Terraform's HTTP client has finished writing the request, the client closes the connection
# and repeats the request, which then conflicts with the resource that the first request has created.
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
MAX_ATTEMPTS = 3  # another program may open the free port before ministack does


def start(folder):
    """Starts a ministack that enforces IAM. Returns the process and its URL."""
    for _ in range(MAX_ATTEMPTS):
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
            # Keep reading, because a full pipe would block ministack.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return process, endpoint
        process.wait()
    raise RuntimeError("ministack does not start")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def environment(folder, endpoint, port):
    """Returns the complete environment of ministack, which functions inherit."""
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
    """Calls an operation by its names in boto3."""
    client = boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
    )
    response = getattr(client, operation)(**arguments)
    if hasattr(response.get("Payload"), "read"):
        response["Payload"] = response["Payload"].read().decode()
    return response


def get(endpoint, url):
    """Requests a function URL. Its host is sent as a header, because no name server knows it."""
    host, path = url.removeprefix("https://").split("/", 1)
    request = urllib.request.Request(f"{endpoint}/{path}", headers={"Host": host})
    try:
        with urllib.request.urlopen(request) as response:
            return {"status": response.status, "body": response.read().decode()}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "body": error.read().decode()}


def pack(path, name, text):
    """Writes a zip with one file. Returns its SHA-256 in base64, like in manifests."""
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
                response = {"ok": tasks[task](arguments)}
            except Exception as error:
                response = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(response, default=str), flush=True)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


main()
