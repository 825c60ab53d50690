"""Runs the case that the event names, including failures. The same cases exist in Rust and JavaScript."""
import os
import signal
import sys
import threading
import time

from bedrock.workers.invoker import invoke
from bedrock.workers.worker import Worker


class PythonCase(Worker):
    def __init__(self):
        self.calls = 0

    def execute(self, event, context):
        self.calls += 1
        if "Records" in event:
            return self.records(event["Records"])
        case = getattr(self, "do_" + event["do"], None)
        if case is None:
            raise LookupError(event["do"])
        return case(event, context)

    def records(self, records):
        """Handles records of a queue or a bucket. Reports messages with the body `fail` as failed."""
        failed = [record for record in records if record.get("body") == "fail"]
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}

    def do_echo(self, event, context):
        return event["value"]

    def do_variable(self, event, context):
        return os.environ.get(event["name"])

    def do_calls(self, event, context):
        return self.calls

    def do_sleep(self, event, context):
        time.sleep(event["ms"] / 1000)
        return "slept"

    def do_block(self, event, context):
        time.sleep(event["ms"] / 1000)
        return "blocked"

    def do_context(self, event, context):
        return {
            "id": context.aws_request_id,
            "arn": context.invoked_function_arn,
            "name": context.function_name,
            "memory": int(context.memory_limit_in_mb),
            "version": context.function_version,
            "remaining": context.get_remaining_time_in_millis(),
            "trace": "Root=",
            "caller": context.client_context and context.client_context.custom,
        }

    def do_raise(self, event, context):
        raise ValueError("requested failure")

    def do_exit(self, event, context):
        sys.exit(3)

    def do_hard_exit(self, event, context):
        os._exit(3)

    def do_abort(self, event, context):
        os.abort()

    def do_kill(self, event, context):
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)

    def do_loop(self, event, context):
        while True:
            pass

    def do_deadlock(self, event, context):
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()

    def do_nothing(self, event, context):
        pass

    def do_unwritable(self, event, context):
        return {1, 2, 3}

    def do_length(self, event, context):
        return len(event["value"])

    def do_make(self, event, context):
        return "x" * event["length"]

    def do_print(self, event, context):
        for _ in range(event.get("times", 1)):
            sys.stdout.write(event["text"])
        return "printed"

    def do_close_stdout(self, event, context):
        sys.stdout.close()
        os.close(1)
        print("after close")
        return "closed"

    def do_nonsense(self, event, context):
        os.write(3, b"not a frame, and longer than the header of one")
        time.sleep(60)

    def do_append(self, event, context):
        time.sleep(event.get("ms", 0) / 1000)
        with open(event["path"], "a") as file:
            file.write("ran\n")
        if event.get("fail"):
            raise ValueError("requested failure")
        return "appended"

    def do_call(self, event, context):
        time.sleep(event.get("after", 0) / 1000)
        return invoke(event["worker"], event["event"], True)

    def do_nest(self, event, context):
        value = []
        for _ in range(event["depth"]):
            value = [value]
        return value

    def do_child(self, event, context):
        import subprocess

        subprocess.Popen(["sleep", "300"])
        return "started"

    def do_service(self, event, context):
        if event["sdk"] not in sys.path:
            sys.path.append(event["sdk"])
        import boto3

        arguments = {
            name: os.environ.get(value, value) if isinstance(value, str) else value
            for name, value in event["arguments"].items()
        }
        output = getattr(boto3.client(event["service"]), event["operation"])(**arguments)
        return output["Body"].read().decode() if "Body" in output else "done"

    def do_sdk(self, event, context):
        # A real worker would have boto3 in its requirements. Here the test passes its path.
        if event["sdk"] not in sys.path:
            sys.path.append(event["sdk"])
        import boto3
        import json

        client = boto3.client("lambda")
        output = client.invoke(FunctionName=event["worker"], Payload=json.dumps(event["event"]))
        return {"failed": output.get("FunctionError"), "payload": output["Payload"].read().decode()}
