"""Measures durable executions in `cargo bedrock dev`, in AWS's local runner and in ministack, in turns.

Usage: bench.py PROGRAM CHECKOUT TOOLS [PASSES]

`PROGRAM` is `cargo-bedrock`, `TOOLS` the folder of the pinned tools. Prints Markdown. Started with the Python that has
AWS's SDK and its local runner. `cargo xtask bench durable` runs it.
"""

import base64
import datetime
import http.client
import io
import json
import logging
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TEN_RUNS = 20
MANY = 1000
CONNECTIONS = 16
WAITING = 10_000
LATE = 50
IDLE_SECONDS = 10
# Long enough for the slowest runner with all executions.
TIMEOUT_SECONDS = 900

FLOW = """
def flow(event, context):
    total = 0
    for number in range(event.get("steps", 0)):
        total += context.step(lambda _: number, name=f"step {number}")
    if event.get("seconds"):
        from aws_durable_execution_sdk_python.config import Duration

        context.wait(Duration(seconds=event["seconds"]), name="wait")
    return total
"""
WORKER = """import os, sys
sys.path.append(os.environ["DURABLE_SDK"])
from bedrock.workers.worker import Worker
{flow}

class Flow(Worker):
    def execute(self, event, context):
        return flow(event, context)
"""
FUNCTION = """import os, sys
sys.path.insert(0, os.environ["DURABLE_SDK"])
from aws_durable_execution_sdk_python import durable_execution
{flow}

handler = durable_execution(flow)
"""


class Client:
    """A connection of Lambda's API."""

    def __init__(self, url):
        self.address = urllib.parse.urlsplit(url)
        self.connection = None

    def send(self, method, path, body=b"", headers=()):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(
                self.address.hostname, self.address.port, timeout=TIMEOUT_SECONDS
            )
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        credentials = (
            "AWS4-HMAC-SHA256 Credential=test/20261130/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0"
        )
        self.connection.request(method, path, body, {"Authorization": credentials, **dict(headers)})
        response = self.connection.getresponse()
        text = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path} returned {response.status}: {text[:500]!r}")
        return response, text

    def invoke(self, function, event, kind="RequestResponse"):
        path = f"/2015-03-31/functions/{function}/invocations?Qualifier=$LATEST"
        response, text = self.send("POST", path, json.dumps(event).encode(), {"X-Amz-Invocation-Type": kind})
        if response.getheader("X-Amz-Function-Error"):
            raise RuntimeError(f"the function failed: {text!r}")
        return text

    def count(self, function, status):
        """Returns the number of executions with a status."""
        total, marker = 0, ""
        while True:
            path = f"/2025-12-01/functions/{function}/durable-executions?MaxItems=1000&Statuses={status}{marker}"
            page = json.loads(self.send("GET", path)[1])
            total += sum(one["Status"] == status for one in page.get("DurableExecutions", []))
            if not page.get("NextMarker"):
                return total
            marker = "&Marker=" + urllib.parse.quote(page["NextMarker"], safe="")


class HttpRunner:
    """A server with Lambda's API."""

    def start_many(self, count, event):
        def start(number):
            client = Client(self.url)
            for _ in range(number, count, CONNECTIONS):
                client.invoke(self.function, event, "Event")

        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(start, range(CONNECTIONS)))

    def ten(self):
        return timed(lambda: self.client.invoke(self.function, {"steps": 10}))

    def many(self, count):
        before = self.client.count(self.function, "SUCCEEDED")
        started = time.perf_counter()
        self.start_many(count, {"steps": 5})
        while self.client.count(self.function, "SUCCEEDED") < before + count:
            if time.perf_counter() - started > TIMEOUT_SECONDS:
                raise RuntimeError(f"{self.name} has not ended {count} executions")
            time.sleep(0.05)
        return time.perf_counter() - started


class Dev(HttpRunner):
    name = "cargo bedrock dev"
    function = "flow"

    def __init__(self, program, checkout, sdk):
        self.program = Path(program).resolve()
        self.folder = Path(tempfile.mkdtemp(prefix="bench-"))
        self.app = self.folder / "shop"
        self.environment = {**os.environ, "CARGO_TARGET_DIR": str(checkout / "target/fixtures")}
        self.run("new", "app", "shop", "--bedrock-path", checkout, cwd=self.folder)
        shutil.copy(checkout / "Cargo.lock", self.app)
        (self.app / "workers/flow").mkdir()
        (self.app / "workers/flow/main.py").write_text(WORKER.format(flow=FLOW))
        with open(self.app / "Cargo.toml", "a") as manifest:
            manifest.write(
                f"\n[package.metadata.bedrock.workers.flow]\nmemory = 512\ntimeout = 60\n"
                f'durable = {{ timeout = "15m" }}\nenv = {{ DURABLE_SDK = "{sdk}" }}\n'
            )
        self.start()

    def run(self, *arguments, cwd):
        command = [self.program, "bedrock", *map(str, arguments)]
        subprocess.run(command, cwd=cwd, env=self.environment, check=True, capture_output=True)

    def start(self):
        started = time.perf_counter()
        command = [self.program, "bedrock", "dev", "--port", "0", "--message-format", "json"]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.app, env=self.environment, stdout=subprocess.PIPE, stderr=log
            )
        self.url = json.loads(self.process.stdout.readline())["url"]
        took = time.perf_counter() - started
        # A full pipe would make `dev` drop lines.
        subprocess.Popen(["cat"], stdin=self.process.stdout, stdout=subprocess.DEVNULL)
        self.client = Client(self.url)
        return took

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder)

    def memory_mb(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def lateness_ms(self):
        """Returns how much later than their end waits invoke the worker again."""
        self.start_many(LATE, {"seconds": 2})
        while self.client.count("flow", "RUNNING") > 0:
            time.sleep(0.1)
        late = []
        page = json.loads(self.client.send("GET", f"/2025-12-01/functions/flow/durable-executions?MaxItems={LATE}")[1])
        for execution in page["DurableExecutions"]:
            arn = urllib.parse.quote(execution["DurableExecutionArn"], safe="")
            path = f"/2025-12-01/durable-executions/{arn}/history?MaxItems=1000"
            events = json.loads(self.client.send("GET", path)[1])["Events"]
            wait = next(event for event in events if event["EventType"] == "WaitStarted")
            due = wait["WaitStartedDetails"]["ScheduledEndTimestamp"]
            second = [event for event in events if event["EventType"] == "InvocationCompleted"][1]
            late.append((second["InvocationCompletedDetails"]["StartTimestamp"] - due) * 1000)
        return late


class Ministack(HttpRunner):
    name = "ministack"
    function = "flow"

    def __init__(self, tools):
        self.folder = tempfile.mkdtemp(prefix="ministack-")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        environment = {
            "PATH": f"{tools / 'ministack/bin'}:{os.environ['PATH']}",
            "HOME": self.folder,
            "TMPDIR": self.folder,
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "DOCKER_HOST": "unix:///nonexistent/docker.sock",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "MINISTACK_REGION": "us-east-1",
        }
        with open(f"{self.folder}/log", "wb") as log:
            self.process = subprocess.Popen(
                [tools / "ministack/bin/ministack"],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_until_healthy()
        self.client = Client(self.url)

    def new_client(self):
        return Client(self.url)

    def create_flow(self, sdk):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("main.py", FUNCTION.format(flow=FLOW))
        # Not with boto3: ministack 1.5 runs functions as durable ones only if there is `Enabled`, which AWS does not have.
        function = {
            "FunctionName": "flow",
            "Runtime": "python3.13",
            "Role": "arn:aws:iam::000000000000:role/any",
            "Handler": "main.handler",
            "Code": {"ZipFile": base64.b64encode(archive.getvalue()).decode()},
            "Timeout": 60,
            "MemorySize": 512,
            "Environment": {"Variables": {"DURABLE_SDK": str(sdk)}},
            "DurableConfig": {"ExecutionTimeout": 900, "RetentionPeriodInDays": 1, "Enabled": True},
        }
        self.client.send("POST", "/2015-03-31/functions", json.dumps(function).encode())
        while json.loads(self.client.send("GET", "/2015-03-31/functions/flow/configuration")[1])["State"] != "Active":
            time.sleep(0.05)

    def many(self, count):
        # ministack 1.5 starts a process for each invocation that runs at the same time, and asynchronous ones of durable
        # functions do not end.
        def run(number):
            client = Client(self.url)
            for _ in range(number, count, CONNECTIONS):
                client.invoke(self.function, {"steps": 5})

        with ThreadPoolExecutor(CONNECTIONS) as pool:
            return timed(lambda: list(pool.map(run, range(CONNECTIONS))))

    def wait_until_healthy(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                return urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5).read()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class LocalRunner:
    """AWS's local runner in this process, without HTTP."""

    name = "AWS's local runner"

    def __init__(self):
        from aws_durable_execution_sdk_python import durable_execution
        from aws_durable_execution_sdk_python_testing.runner import DurableFunctionTestRunner

        names = {}
        exec(FLOW, names)
        self.runner = DurableFunctionTestRunner(handler=durable_execution(names["flow"]))
        self.number = 0

    def start(self, event):
        self.number += 1
        options = {"execution_timeout": TIMEOUT_SECONDS, "execution_name": f"execution-{self.number}"}
        return self.runner.run_async(input=json.dumps(event), **options)

    def ten(self):
        return timed(lambda: self.runner.wait_for_result(self.start({"steps": 10}), timeout=TIMEOUT_SECONDS))

    def many(self, count):
        started = time.perf_counter()
        for arn in [self.start({"steps": 5}) for _ in range(count)]:
            self.runner.wait_for_result(arn, timeout=TIMEOUT_SECONDS)
        return time.perf_counter() - started

    def close(self):
        self.runner.close()


class InstantClient:
    """A client of the SDK whose checkpoints succeed at once: what is left is the time of the SDK itself, in one process."""

    def checkpoint_durable_execution(self, Updates=(), **_):
        now = datetime.datetime.now(datetime.timezone.utc)
        operations = [
            {
                "Id": update["Id"],
                "Type": update["Type"],
                "Status": "STARTED" if update["Action"] == "START" else "SUCCEEDED",
                "StartTimestamp": now,
                "StepDetails": {"Attempt": 1, "Result": update.get("Payload")},
            }
            for update in Updates
        ]
        return {"CheckpointToken": "next", "NewExecutionState": {"Operations": operations}}


class Sdk:
    """The SDK without a service."""

    name = "the SDK alone"

    def __init__(self):
        from aws_durable_execution_sdk_python import durable_execution

        names = {}
        exec(FLOW, names)
        self.handler = durable_execution(names["flow"], boto3_client=InstantClient())

    def ten(self):
        return timed(lambda: self.run(10))

    def many(self, count):
        # As many threads as a process needs so that the pauses of the SDK do not limit it.
        with ThreadPoolExecutor(200) as pool:
            return timed(lambda: list(pool.map(self.run, [5] * count)))

    def run(self, steps):
        execution = {
            "Id": "1",
            "Type": "EXECUTION",
            "Status": "STARTED",
            "StartTimestamp": 1,
            "ExecutionDetails": {"InputPayload": json.dumps({"steps": steps})},
        }
        event = {
            "DurableExecutionArn": "arn:aws:lambda:us-east-1:1:function:flow:$LATEST/durable-execution/flow/1",
            "CheckpointToken": "first",
            "InitialExecutionState": {"Operations": [execution], "NextMarker": ""},
        }
        return self.handler(event, FakeContext())

    def close(self):
        pass


class FakeContext:
    aws_request_id = "00000000-0000-4000-8000-000000000000"
    invoked_function_arn = "arn:aws:lambda:us-east-1:1:function:flow"
    tenant_id = None

    def get_remaining_time_in_millis(self):
        return 60_000


def timed(run):
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def measure_speed(runners, passes):
    tens = {runner.name: [] for runner in runners}
    many = {runner.name: [] for runner in runners}
    for runner in runners:
        for _ in range(3):
            runner.ten()
    for number in range(passes):
        for runner in runners:
            print(f"pass {number + 1} of {passes}: {runner.name}", file=sys.stderr)
            tens[runner.name] += [runner.ten() for _ in range(TEN_RUNS)]
            many[runner.name].append(MANY / runner.many(MANY))
    print("| runner | ten steps, p50 | five steps, 1,000 in flight |")
    print("| --- | ---: | ---: |")
    for runner in runners:
        median = statistics.median(tens[runner.name]) * 1000
        print(f"| {runner.name} | {median:.1f} ms | {max(many[runner.name]):.0f} executions/s |")


def measure_waiting(dev):
    late = dev.lateness_ms()
    dev.stop()
    empty = min(restart(dev) for _ in range(3))
    memory_before = dev.memory_mb()
    took = timed(lambda: dev.start_many(WAITING, {"seconds": 600}))
    while dev.client.count("flow", "RUNNING") < WAITING or has_running_invocation(dev):
        time.sleep(0.5)
    memory = dev.memory_mb()
    cpu = dev.cpu_seconds()
    time.sleep(IDLE_SECONDS)
    cpu = dev.cpu_seconds() - cpu
    dev.stop()
    full = min(restart(dev) for _ in range(3))
    print("\n| 10,000 executions that wait | |")
    print("| --- | ---: |")
    print(f"| started in | {took:.1f} s |")
    print(f"| memory of `dev` | {memory:.0f} MB, {memory_before:.0f} MB without them |")
    print(f"| CPU time in {IDLE_SECONDS} s | {cpu * 1000:.0f} ms |")
    print(f"| start of `dev`, including cargo | {full:.2f} s, {empty:.2f} s without them |")
    print(
        f"| a timer fires late by, p50 and maximum of {LATE} | {statistics.median(late):.0f} ms, {max(late):.0f} ms |"
    )


def restart(dev):
    if dev.process.poll() is None:
        dev.stop()
    return dev.start()


def has_running_invocation(dev):
    running = json.loads(urllib.request.urlopen(f"{dev.url}/_bedrock/v1/invocations?outcome=running&limit=1").read())
    return bool(running["invocations"])


def main(program, checkout, tools, passes="3"):
    logging.disable(logging.CRITICAL)
    checkout, tools = Path(checkout), Path(tools)
    sdk = next((tools / "durable/lib").glob("*/site-packages"))
    dev = Dev(program, checkout, sdk)
    ministack = Ministack(tools)
    runners = [dev, LocalRunner(), ministack, Sdk()]
    try:
        ministack.create_flow(sdk)
        measure_speed(runners, int(passes))
        measure_waiting(dev)
    finally:
        for runner in runners:
            runner.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
