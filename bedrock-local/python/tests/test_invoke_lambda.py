"""Tests of `invoke` on Lambda with a fake boto3, so that no AWS SDK is needed."""

import io
import json
import socket
import sys
import types

import pytest

from bedrock.workers import identity, lambda_api, worker
from bedrock.workers.invoker import InvocationError, invoke
from bedrock.workers.worker import Worker

ARN = "arn:aws:lambda:eu-west-1:000000000000:function:my_app-prod-system_fetcher"


class ClientError(Exception):
    """Like botocore's class: the response of the service is an attribute of the exception."""

    def __init__(self, code, message, status, headers=None):
        super().__init__(f"An error occurred ({code}): {message}")
        metadata = {"HTTPStatusCode": status, "HTTPHeaders": headers or {}}
        self.response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}


class HTTPClientError(Exception):
    pass


class ReadTimeoutError(HTTPClientError):
    pass


class ConnectTimeoutError(HTTPClientError):
    pass


class EndpointConnectionError(HTTPClientError):
    pass


class ConnectionClosedError(HTTPClientError):
    pass


class NoCredentialsError(Exception):
    pass


class FakeAws:
    """Records clients, calls and delays. `response` is a dict to return or an exception to raise."""

    def __init__(self):
        self.clients = []
        self.calls = []
        self.delays = []
        self.first_responses = []
        self.response = {"StatusCode": 202, "Payload": io.BytesIO(b"")}

    def client(self, service, config=None):
        self.clients.append((service, config.options))
        return self

    def invoke(self, **arguments):
        self.calls.append(arguments)
        response = self.first_responses.pop(0) if self.first_responses else self.response
        if isinstance(response, Exception):
            raise response
        return response

    def responds(self, body, **more):
        self.response = {"StatusCode": 200, "Payload": io.BytesIO(body), **more}


class Config:
    def __init__(self, **options):
        self.options = options


class Context:
    def __init__(self, milliseconds):
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self):
        return self.milliseconds


@pytest.fixture
def aws(monkeypatch):
    fake = FakeAws()
    boto3, botocore, config = (
        types.ModuleType("boto3"),
        types.ModuleType("botocore"),
        types.ModuleType("botocore.config"),
    )
    boto3.client, config.Config, botocore.config = fake.client, Config, config
    for module in (boto3, botocore, config):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.delenv("BEDROCK_LOCAL", raising=False)
    monkeypatch.setattr(identity, "_identity", {"version": 1, "app": "my-app", "worker": "caller", "class": "Caller"})
    monkeypatch.setenv("MY_APP_WORKER_ARN_SYSTEM_FETCHER", ARN)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "my-app-prod-caller")
    monkeypatch.setattr(lambda_api, "_client", None)
    monkeypatch.setattr(lambda_api, "sleep", fake.delays.append)
    monkeypatch.setattr(worker, "_max_remaining_ms", 0)
    token = worker.CURRENT.set(None)
    yield fake
    worker.CURRENT.reset(token)


def failure(*arguments):
    with pytest.raises(InvocationError) as caught:
        invoke(*arguments)
    return caught.value


@pytest.mark.parametrize("name", ["system_fetcher", "system-fetcher", "System_Fetcher", ARN])
def test_worker_name_becomes_its_arn(aws, name):
    aws.responds(b'{"systems": []}')
    assert invoke(name, {"a": "é"}, True) == {"systems": []}
    assert aws.calls == [{"FunctionName": ARN, "InvocationType": "RequestResponse", "Payload": '{"a":"é"}'.encode()}]


def test_worker_without_variable_is_found_by_naming_rule(aws):
    invoke("thumbnailer2", {})
    assert aws.calls[0]["FunctionName"] == "my-app-prod-thumbnailer2"


@pytest.mark.parametrize(("version", "qualifier"), [("7", ":live"), ("$LATEST", "")])
def test_published_version_calls_the_alias(aws, monkeypatch, version, qualifier):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_VERSION", version)
    invoke("thumbnailer2", {})
    assert aws.calls[0]["FunctionName"] == f"my-app-prod-thumbnailer2{qualifier}"


@pytest.mark.parametrize("function", ["another-name", "caller", "my-app-prod-CALLER", ""])
def test_unconventional_function_name_is_not_used(aws, monkeypatch, function):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", function)
    invoke("thumbnailer", {})
    assert aws.calls[0]["FunctionName"] == "thumbnailer"


@pytest.mark.parametrize(
    "name", ["other-function", "Other", "größe", "123456789012:function:x", "x:2", "arn:aws:lambda:x:1:function:y"]
)
def test_invalid_worker_name_is_passed_unchanged(aws, name):
    invoke(name, {})
    assert aws.calls[0]["FunctionName"] == name


def test_names_outside_of_a_zip_are_passed_unchanged(aws, monkeypatch):
    monkeypatch.setattr(identity, "_identity", None)
    invoke("system_fetcher", {})
    assert aws.calls[0]["FunctionName"] == "system_fetcher"


def test_fire_and_forget_is_an_event(aws):
    assert invoke("system_fetcher", {}) is None
    assert aws.calls[0]["InvocationType"] == "Event"


def test_empty_response_is_none(aws):
    aws.responds(b"")
    assert invoke("system_fetcher", {}, True) is None


def test_client_is_created_once_without_retries(aws):
    for _ in range(3):
        invoke("system_fetcher", {})
    options = {"retries": {"total_max_attempts": 1}, "read_timeout": 1800, "tcp_keepalive": True}
    assert aws.clients == [("lambda", options)]


def test_silent_connections_are_probed_each_minute(aws):
    session = types.SimpleNamespace(_socket_options=[])
    aws._endpoint = types.SimpleNamespace(http_session=session)
    invoke("system_fetcher", {})
    tcp = socket.IPPROTO_TCP
    assert session._socket_options == [(tcp, socket.TCP_KEEPIDLE, 60), (tcp, socket.TCP_KEEPINTVL, 60)]


def test_probes_reach_the_connections_of_botocore():
    boto3 = pytest.importorskip("boto3")
    client = boto3.client("lambda", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
    lambda_api._probe_idle_connections(client)
    pool = client._endpoint.http_session._manager.connection_pool_kw
    assert (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60) in pool["socket_options"]


def test_read_timeout_is_the_function_timeout(aws):
    class Caller(Worker):
        def execute(self, event, context):
            context.milliseconds -= 20_000
            return invoke("system_fetcher", event)

    Caller().handle({}, Context(29_990))
    assert aws.clients[0][1]["read_timeout"] == 30


def test_expired_caller_sends_no_request(aws):
    worker.CURRENT.set(Context(0))
    error = failure("system_fetcher", {})
    assert (error.error_type, error.may_have_run) == ("Timeout", False)
    assert aws.calls == [] and aws.clients == []


def test_any_context_of_a_unit_test_is_accepted(aws):
    class Caller(Worker):
        def execute(self, event, context):
            return invoke("system_fetcher", event)

    assert Caller().handle({}, None) is None
    assert Caller().handle({}, object()) is None


def test_function_error_is_raised(aws):
    body = json.dumps({"errorType": "KeyError", "errorMessage": "'x'", "stackTrace": ["  File a\n"]}).encode()
    aws.responds(body, FunctionError="Unhandled")
    error = failure("system_fetcher", {}, True)
    assert (error.error_type, error.error_message, error.trace) == ("KeyError", "'x'", ["  File a\n"])
    assert (error.status, error.may_have_run) == (200, True)


@pytest.mark.parametrize(
    "code, status, may_have_run",
    [
        ("ResourceNotFoundException", 404, False),
        ("AccessDeniedException", 403, False),
        ("KMSDisabledException", 502, False),
        ("ServiceException", 500, True),
        ("503", 503, True),
    ],
)
def test_service_error_reports_may_have_run(aws, code, status, may_have_run):
    aws.response = ClientError(code, "why not", status)
    error = failure("system_fetcher", {}, True)
    assert (error.error_type, error.error_message, error.status) == (code, "why not", status)
    assert error.may_have_run is may_have_run
    assert len(aws.calls) == 1


@pytest.mark.parametrize(
    "raised, kind, may_have_run",
    [
        (ReadTimeoutError("slow"), "Timeout", True),
        (ConnectionClosedError("cut"), "ConnectionLost", True),
        (HTTPClientError("something"), "ConnectionLost", True),
        (RuntimeError("unheard of"), "ConnectionLost", True),
        (NoCredentialsError("who"), "ConnectFailed", False),
    ],
)
def test_failed_request_is_sent_once_and_reports_may_have_run(aws, raised, kind, may_have_run):
    aws.response = raised
    error = failure("system_fetcher", {}, True)
    assert (error.error_type, error.may_have_run, error.status) == (kind, may_have_run, None)
    assert error.__cause__ is raised
    assert len(aws.calls) == 1


NOT_EXECUTED = [
    ClientError("TooManyRequestsException", "slow down", 429),
    ClientError("ResourceConflictException", "pending", 409),
    ClientError("ResourceNotReadyException", "no", 502),
    ClientError("ENILimitReachedException", "no", 502),
    ConnectTimeoutError("far"),
    EndpointConnectionError("refused"),
]


@pytest.mark.parametrize("raised", NOT_EXECUTED, ids=str)
def test_errors_before_execution_are_retried(aws, raised):
    aws.responds(b"7")
    aws.first_responses = [raised, raised]
    assert invoke("system_fetcher", {}, True) == 7
    assert len(aws.calls) == 3 and len(aws.clients) == 1
    assert 0.05 <= aws.delays[0] <= 0.1 <= aws.delays[1] <= 0.2


@pytest.mark.parametrize("raised", NOT_EXECUTED, ids=str)
def test_last_error_is_raised_after_five_attempts(aws, raised):
    aws.response = raised
    assert not failure("system_fetcher", {}).may_have_run
    assert len(aws.calls) == 5 and len(aws.delays) == 4


def test_retry_after_extends_and_deadline_ends_delays(aws):
    aws.response = ClientError("TooManyRequestsException", "slow down", 429, {"retry-after": "3"})
    worker.CURRENT.set(Context(10_000))
    assert failure("system_fetcher", {}).status == 429
    assert aws.delays == [3] * 4
    worker.CURRENT.set(Context(3_000))
    assert failure("system_fetcher", {}).status == 429
    assert len(aws.calls) == 6


def test_early_client_is_that_of_the_first_call(aws):
    lambda_api.create_client_early()
    assert len(aws.clients) == 1
    invoke("system_fetcher", {})
    assert len(aws.clients) == 1


def test_early_client_error_is_raised_by_the_first_call(aws, monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    lambda_api.create_client_early()
    assert "boto3" in failure("system_fetcher", {}).error_message


def test_truncated_response_is_an_error(aws):
    class Broken:
        def read(self):
            raise ReadTimeoutError("in the middle")

    aws.response = {"StatusCode": 200, "Payload": Broken()}
    assert failure("system_fetcher", {}, True).may_have_run


def test_missing_boto3_is_reported(aws, monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    error = failure("system_fetcher", {}, True)
    assert "boto3" in error.error_message and not error.may_have_run


def test_payload_is_checked_before_boto3_is_imported(aws, monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(TypeError):
        invoke("system_fetcher", {1, 2})
    error = failure("system_fetcher", "x" * 1_048_575)
    assert "1048577" in error.error_message and "1048576" in error.error_message
