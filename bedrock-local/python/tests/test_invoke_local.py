"""Tests of local `invoke`: HTTP requests to the app's Lambda Invoke API, with valid and invalid responses."""

import json
import pickle
import socket
import threading
import time

import pytest
from fake_api import http

from bedrock.workers import local_api
from bedrock.workers.invoker import InvocationError, invoke
from bedrock.workers.worker import CURRENT


class Caller:
    """Context of the calling invocation."""

    def __init__(self, milliseconds, trace=""):
        self._epoch_deadline_time_in_ms = int(time.time() * 1000) + milliseconds
        self.trace_header = trace

    def get_remaining_time_in_millis(self):
        return max(0, self._epoch_deadline_time_in_ms - int(time.time() * 1000))


@pytest.fixture
def caller():
    """`caller(milliseconds, trace)` makes the rest of the test run inside an invocation."""
    tokens = []

    def enter(*details):
        context = Caller(*details)
        tokens.append(CURRENT.set(context))
        return context

    yield enter
    for token in reversed(tokens):
        CURRENT.reset(token)


def failure(*arguments):
    with pytest.raises(InvocationError) as caught:
        invoke(*arguments)
    return caught.value


def test_response_is_decoded(api):
    server = api(http(200, '{"systems": ["Sol", "雪"]}'.encode()))
    assert invoke("system_fetcher", {"all": True}, True) == {"systems": ["Sol", "雪"]}
    request = server.requests[0]
    assert (request.method, request.target) == ("POST", "/2015-03-31/functions/system_fetcher/invocations")
    assert json.loads(request.body) == {"all": True}
    assert request.headers["x-amz-invocation-type"] == "RequestResponse"
    assert request.headers["authorization"] == "Bedrock secret-of-this-run"
    assert "x-bedrock-deadline-ms" not in request.headers and "x-amzn-trace-id" not in request.headers


def test_require_response_may_be_a_keyword(api):
    api(http(200, b"5"))
    assert invoke("w", None, require_response=True) == 5


def test_fire_and_forget_returns_none(api):
    server = api(http(202))
    assert invoke("system_fetcher", {}) is None
    assert server.requests[0].headers["x-amz-invocation-type"] == "Event"


def test_empty_response_is_none(api):
    api(http(200))
    assert invoke("w", {}, True) is None


def test_arn_is_percent_encoded(api):
    server = api(http(202))
    invoke("arn:aws:lambda:eu-west-1:000000000000:function:a/b", {})
    assert server.requests[0].target.endswith(
        "/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A000000000000%3Afunction%3Aa%2Fb/invocations"
    )


def test_endpoint_path_is_a_prefix(api, monkeypatch):
    server = api(http(202))
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", server.address + "/stage/")
    invoke("w", {})
    assert server.requests[0].target == "/stage/2015-03-31/functions/w/invocations"


def test_deadline_and_trace_are_sent(api, caller):
    server = api(http(200, b"1"))
    context = caller(60_000, "Root=1-5759e988-bd862e3fe1be46a994272793")
    invoke("w", {}, True)
    headers = server.requests[0].headers
    assert headers["x-bedrock-deadline-ms"] == str(context._epoch_deadline_time_in_ms)
    assert headers["x-amzn-trace-id"] == "Root=1-5759e988-bd862e3fe1be46a994272793"


def test_expired_caller_sends_no_request(api, caller):
    server = api(http(200, b"1"))
    caller(-1)
    error = failure("w", {}, True)
    assert (error.error_type, error.may_have_run) == ("Timeout", False)
    assert server.requests == []


def test_call_times_out_at_the_callers_deadline(api, caller):
    silent = threading.Event()
    server = api(lambda _request: silent.wait(30) and None)
    caller(200)
    started = time.monotonic()
    error = failure("w", {}, True)
    silent.set()
    assert time.monotonic() - started < 10
    assert (error.error_type, error.may_have_run, error.status) == ("Timeout", True, None)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body, expected",
    [
        (
            {"errorType": "KeyError", "errorMessage": "'x'", "stackTrace": ["  File a\n"], "requestId": "1"},
            ("KeyError", "'x'", ["  File a\n"]),
        ),
        ({"errorType": "TypeError", "errorMessage": "no", "trace": ["at b"]}, ("TypeError", "no", ["at b"])),
        ({"errorType": "my::Error", "errorMessage": "rust"}, ("my::Error", "rust", [])),
        ({"errorMessage": "Task timed out after 3.00 seconds"}, ("Unknown", "Task timed out after 3.00 seconds", [])),
        ("plain text", ("Unknown", "plain text", [])),
        ({"errorType": "T", "errorMessage": None, "stackTrace": "one string"}, ("T", "", ["one string"])),
    ],
)
def test_function_error_has_type_message_and_trace(api, body, expected):
    api(http(200, json.dumps(body).encode(), "X-Amz-Function-Error: Unhandled"))
    error = failure("w", {}, True)
    assert (error.error_type, error.error_message, error.trace) == expected
    assert (error.status, error.may_have_run) == (200, True)


def test_function_error_that_is_not_json_is_raised(api):
    api(http(200, b"\xffnonsense", "X-Amz-Function-Error: Unhandled"))
    assert "nonsense" in failure("w", {}, True).error_message


@pytest.mark.parametrize(
    "status, name, may_have_run",
    [
        (404, "ResourceNotFoundException", False),
        (403, "AccessDeniedException", False),
        (409, "ResourceConflictException", False),
        (413, "RequestTooLargeException", False),
        (429, "TooManyRequestsException", False),
        (500, "ServiceException", True),
        (502, "ENINotReadyException", False),
        (504, "", True),
    ],
)
def test_service_error_reports_may_have_run(api, status, name, may_have_run):
    body = json.dumps({"Type": "User", "message": "why not"}).encode()
    server = api(http(status, body, f"x-amzn-ErrorType: {name}:http://internal/" if name else "X-Nothing: 1"))
    error = failure("w", {}, True)
    assert error.error_type == (name or "User")
    assert (error.error_message, error.status, error.may_have_run) == ("why not", status, may_have_run)
    assert len(server.requests) == 1


def test_service_error_without_json_contains_its_text(api):
    api(http(503, b"<html>busy</html>"))
    error = failure("w", {}, True)
    assert (error.error_type, error.error_message) == ("HTTP 503", "<html>busy</html>")


def test_refused_connection_reports_that_nothing_ran(api, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    api(None)
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{port}")
    error = failure("w", {}, True)
    assert (error.error_type, error.may_have_run) == ("ConnectFailed", False)


def test_missing_endpoint_reports_that_nothing_ran(api, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL_LAMBDA", raising=False)
    error = failure("w", {})
    assert "start `cargo bedrock dev`" in error.error_message and not error.may_have_run


@pytest.mark.parametrize("response", [None, b"HTTP/1.1 200 OK\r\nContent-Len", http(200, b"{", length=100)], ids=repr)
def test_connection_closed_after_the_request_is_not_retried(api, response):
    server = api(response, close_after=1)
    error = failure("w", {}, True)
    assert (error.error_type, error.may_have_run) == ("ConnectionLost", True)
    assert len(server.requests) == 1


def test_reused_connection_closed_after_request_is_not_retried(api):
    server = api(lambda request: http(200, b"1") if len(server.requests) == 1 else None)
    assert invoke("w", {}, True) == 1
    assert failure("w", {}, True).may_have_run
    assert len(server.requests) == 2 and server.connections == 1
    assert failure("w", {}, True).may_have_run
    assert server.connections == 2


def test_response_that_is_not_json_is_an_error(api):
    api(http(200, b"{nonsense"))
    error = failure("w", {}, True)
    assert (error.error_type, error.status, error.may_have_run) == ("InvalidResponse", 200, True)


def test_connection_is_reused_between_calls(api):
    server = api(http(200, b"1"))
    for _ in range(5):
        invoke("w", {}, True)
    assert len(server.requests) == 5 and server.connections == 1


def test_connection_closed_while_idle_is_replaced(api):
    server = api(http(200, b"1"), close_after=1)
    for _ in range(4):
        assert invoke("w", {}, True) == 1
        assert server.closed.acquire(timeout=30)
    assert len(server.requests) == 4 and server.connections == 4


def test_connection_failing_during_send_is_replaced_once(api):
    server = api(http(200, b"1"))
    invoke("w", {}, True)

    class Breaking(type(local_api._thread.connection)):
        def send(self, data):
            raise BrokenPipeError("gone")

    local_api._thread.connection.__class__ = Breaking
    assert invoke("w", {}, True) == 1
    assert len(server.requests) == 2 and server.connections == 2


def test_connection_close_header_closes_the_connection(api):
    server = api(http(200, b"1", "Connection: close"))
    assert [invoke("w", {}, True) for _ in range(3)] == [1, 1, 1]
    assert server.connections == 3


def test_each_thread_has_its_own_connection(api):
    barrier = threading.Barrier(4, timeout=30)
    server = api(lambda request: barrier.wait() is None or http(200, request.body))
    results = []
    threads = [threading.Thread(target=lambda n=n: results.append(invoke("w", n, True))) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == [0, 1, 2, 3] and server.connections == 4


@pytest.mark.parametrize(
    "payload, kind",
    [
        ({1, 2}, TypeError),
        (b"bytes", TypeError),
        (float("nan"), ValueError),
        ("\ud800", ValueError),
        ({(1,): 2}, TypeError),
    ],
)
def test_unserializable_payload_is_rejected_before_sending(api, payload, kind):
    server = api(http(202))
    with pytest.raises(kind):
        invoke("w", payload)
    assert server.connections == 0


def test_circular_or_endless_payload_is_a_value_error(api):
    api(http(202))
    circle, deep = [], []
    circle.append(circle)
    for _ in range(100_000):
        deep = [deep]
    for payload in (circle, deep):
        with pytest.raises(ValueError):
            invoke("w", payload)


@pytest.mark.parametrize("wait, limit", [(True, 6_291_456), (False, 1_048_576)])
def test_oversized_payload_error_contains_size_and_limit(api, wait, limit):
    server = api(http(200 if wait else 202))
    invoke("w", "x" * (limit - 2), wait)
    error = failure("w", "x" * (limit - 1), wait)
    assert str(limit + 1) in error.error_message and str(limit) in error.error_message
    assert (error.error_type, error.status, error.may_have_run) == ("RequestTooLargeException", 413, False)
    assert len(server.requests) == 1


def test_limit_counts_bytes_not_escapes(api):
    server = api(http(202))
    invoke("w", "雪" * 300_000)
    assert len(server.requests[0].body) == 900_002


@pytest.mark.parametrize("name", ["", None, 5])
def test_invalid_name_is_a_type_error(api, name):
    with pytest.raises(TypeError, match="worker's name or ARN"):
        invoke(name, {})


def test_invocation_error_survives_pickling():
    error = InvocationError("KeyError", "'x'", ["trace"], 200, True)
    copy = pickle.loads(pickle.dumps(error))
    assert vars(copy) == vars(error) and str(copy) == "KeyError: 'x'"
