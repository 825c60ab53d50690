"""Tests of `invoke` in workers that run in a host."""

import os
import time

from fake_api import http


def test_worker_call_sends_its_deadline_and_trace(api, start):
    server = api(http(200, b'"from the other worker"'))
    host = start(
        "return invoke('other', event, True)",
        before="from bedrock.workers.invoker import invoke\n",
        AWS_ENDPOINT_URL_LAMBDA=server.address,
    )
    deadline = int(time.time() * 1000) + 30_000
    assert host.result([1], deadline=deadline, trace=b"Root=1-a;Sampled=1") == "from the other worker"
    headers = server.requests[0].headers
    assert headers["x-bedrock-deadline-ms"] == str(deadline)
    assert headers["x-amzn-trace-id"] == "Root=1-a;Sampled=1"
    assert headers["authorization"] == "Bedrock local"


def test_async_worker_call_from_a_thread_sends_its_deadline(api, launch):
    server = api(http(200, b"7"))
    host = launch(
        """
        import asyncio, contextvars
        from bedrock.workers.invoker import invoke
        from bedrock.workers.worker import Worker

        class Subject(Worker):
            async def execute(self, event, context):
                run = contextvars.copy_context().run
                return await asyncio.get_running_loop().run_in_executor(None, run, invoke, "other", {}, True)
        """,
        AWS_ENDPOINT_URL_LAMBDA=server.address,
    ).ready()
    deadline = int(time.time() * 1000) + 30_000
    assert host.result({}, deadline=deadline) == 7
    assert server.requests[0].headers["x-bedrock-deadline-ms"] == str(deadline)


def test_uncaught_invocation_error_has_the_workers_trace(api, start):
    server = api(
        http(404, b'{"Type": "User", "message": "no worker `other`"}', "x-amzn-ErrorType: ResourceNotFoundException")
    )
    host = start(
        "return invoke('other', event, True)",
        before="from bedrock.workers.invoker import invoke\n",
        AWS_ENDPOINT_URL_LAMBDA=server.address,
    )
    error = host.error({})
    assert error["errorType"] == "InvocationError"
    assert error["errorMessage"] == "ResourceNotFoundException: no worker `other`"
    assert "main.py" in error["stackTrace"][0]
    assert os.path.join("workers", "local_api.py") in error["stackTrace"][-1]


def test_forked_child_opens_its_own_connection(api, start):
    server = api(lambda request: http(200, request.body))
    host = start(
        """
        own = invoke("other", "before", True)
        child = os.fork()
        if child == 0:
            os._exit(0 if invoke("other", "child", True) == "child" else 1)
        return [own, os.waitpid(child, 0)[1], invoke("other", "after", True)]
        """,
        before="import os\nfrom bedrock.workers.invoker import invoke\n",
        AWS_ENDPOINT_URL_LAMBDA=server.address,
    )
    assert host.result({}) == ["before", 0, "after"]
    assert [request.connection for request in server.requests] == [1, 2, 1]
