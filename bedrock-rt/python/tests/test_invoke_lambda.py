"""`invoke` on Lambda: boto3 stood in for by a module of the same shape, so that no AWS SDK is needed."""

import io
import json
import sys
import types

import pytest

from bedrock.workers import current, identity, lambda_api
from bedrock.workers.invoker import InvocationError, invoke
from bedrock.workers.worker import Worker

ARN = "arn:aws:lambda:eu-west-1:000000000000:function:my_app-prod-system_fetcher"


class ClientError(Exception):
    """As botocore's: the answer of the service hangs on the exception."""

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
    """Records clients, calls and pauses; `answer` is a dict to return or an exception to raise."""

    def __init__(self):
        self.clients = []
        self.calls = []
        self.pauses = []
        self.first_answers = []
        self.answer = {"StatusCode": 202, "Payload": io.BytesIO(b"")}

    def client(self, service, config=None):
        self.clients.append((service, config.options))
        return self

    def invoke(self, **arguments):
        self.calls.append(arguments)
        answer = self.first_answers.pop(0) if self.first_answers else self.answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    def responds(self, body, **more):
        self.answer = {"StatusCode": 200, "Payload": io.BytesIO(body), **more}


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
    monkeypatch.setattr(lambda_api, "sleep", fake.pauses.append)
    monkeypatch.setattr(current, "_longest_ms", 0)
    token = current.CURRENT.set(None)
    yield fake
    current.CURRENT.reset(token)


def failure(*arguments):
    with pytest.raises(InvocationError) as caught:
        invoke(*arguments)
    return caught.value


@pytest.mark.parametrize("name", ["system_fetcher", "system-fetcher", "System_Fetcher", ARN])
def test_a_workers_name_becomes_its_arn(aws, name):
    aws.responds(b'{"systems": []}')
    assert invoke(name, {"a": "é"}, True) == {"systems": []}
    assert aws.calls == [{"FunctionName": ARN, "InvocationType": "RequestResponse", "Payload": '{"a":"é"}'.encode()}]


def test_a_worker_without_a_variable_is_the_function_beside_this_one(aws):
    invoke("thumbnailer2", {})
    assert aws.calls[0]["FunctionName"] == "my-app-prod-thumbnailer2"


@pytest.mark.parametrize("function", ["another-name", "caller", "my-app-prod-CALLER", ""])
def test_a_function_that_is_not_named_by_the_rule_has_none_beside_it(aws, monkeypatch, function):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", function)
    invoke("thumbnailer", {})
    assert aws.calls[0]["FunctionName"] == "thumbnailer"


@pytest.mark.parametrize(
    "name", ["other-function", "Other", "größe", "123456789012:function:x", "x:2", "arn:aws:lambda:x:1:function:y"]
)
def test_what_cannot_be_a_workers_name_is_passed_as_it_is(aws, name):
    invoke(name, {})
    assert aws.calls[0]["FunctionName"] == name


def test_without_a_zip_names_are_passed_as_they_are(aws, monkeypatch):
    monkeypatch.setattr(identity, "_identity", None)
    invoke("system_fetcher", {})
    assert aws.calls[0]["FunctionName"] == "system_fetcher"


def test_fire_and_forget_is_an_event(aws):
    assert invoke("system_fetcher", {}) is None
    assert aws.calls[0]["InvocationType"] == "Event"


def test_an_empty_response_is_none(aws):
    aws.responds(b"")
    assert invoke("system_fetcher", {}, True) is None


def test_the_client_is_made_once_with_retries_off(aws):
    for _ in range(3):
        invoke("system_fetcher", {})
    options = {"retries": {"total_max_attempts": 1}, "read_timeout": 900, "tcp_keepalive": True}
    assert aws.clients == [("lambda", options)]


def test_the_read_timeout_is_the_time_of_an_invocation(aws):
    class Caller(Worker):
        def execute(self, event, context):
            context.milliseconds -= 20_000
            return invoke("system_fetcher", event)

    Caller().handle({}, Context(29_990))
    assert aws.clients[0][1]["read_timeout"] == 30


def test_a_caller_without_time_calls_nobody(aws):
    current.CURRENT.set(Context(0))
    error = failure("system_fetcher", {})
    assert (error.error_type, error.may_have_run) == ("Timeout", False)
    assert aws.calls == [] and aws.clients == []


def test_a_context_of_a_unit_test_is_accepted(aws):
    class Caller(Worker):
        def execute(self, event, context):
            return invoke("system_fetcher", event)

    assert Caller().handle({}, None) is None
    assert Caller().handle({}, object()) is None


def test_an_error_of_the_function_is_told(aws):
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
def test_a_refusal_tells_whether_the_worker_may_have_run(aws, code, status, may_have_run):
    aws.answer = ClientError(code, "why not", status)
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
def test_a_broken_call_is_made_once_and_tells_whether_the_worker_may_have_run(aws, raised, kind, may_have_run):
    aws.answer = raised
    error = failure("system_fetcher", {}, True)
    assert (error.error_type, error.may_have_run, error.status) == (kind, may_have_run, None)
    assert error.__cause__ is raised
    assert len(aws.calls) == 1


NOT_BEGUN = [
    ClientError("TooManyRequestsException", "slow down", 429),
    ClientError("ResourceConflictException", "pending", 409),
    ClientError("ResourceNotReadyException", "no", 502),
    ClientError("ENILimitReachedException", "no", 502),
    ConnectTimeoutError("far"),
    EndpointConnectionError("nobody"),
]


@pytest.mark.parametrize("raised", NOT_BEGUN, ids=str)
def test_what_surely_did_not_run_is_called_again(aws, raised):
    aws.responds(b"7")
    aws.first_answers = [raised, raised]
    assert invoke("system_fetcher", {}, True) == 7
    assert len(aws.calls) == 3 and len(aws.clients) == 1
    assert 0.05 <= aws.pauses[0] <= 0.1 <= aws.pauses[1] <= 0.2


@pytest.mark.parametrize("raised", NOT_BEGUN, ids=str)
def test_after_five_attempts_the_last_refusal_is_told(aws, raised):
    aws.answer = raised
    assert not failure("system_fetcher", {}).may_have_run
    assert len(aws.calls) == 5 and len(aws.pauses) == 4


def test_the_service_may_ask_for_a_longer_pause_and_the_deadline_ends_it_all(aws):
    aws.answer = ClientError("TooManyRequestsException", "slow down", 429, {"retry-after": "3"})
    current.CURRENT.set(Context(10_000))
    assert failure("system_fetcher", {}).status == 429
    assert aws.pauses == [3] * 4
    current.CURRENT.set(Context(3_000))
    assert failure("system_fetcher", {}).status == 429
    assert len(aws.calls) == 6


def test_the_client_is_made_ahead_of_the_first_call_where_the_environment_names_callees(aws, monkeypatch):
    lambda_api.prepare()
    assert len(aws.clients) == 1
    invoke("system_fetcher", {})
    assert len(aws.clients) == 1
    monkeypatch.setattr(lambda_api, "_client", None)
    monkeypatch.delenv("MY_APP_WORKER_ARN_SYSTEM_FETCHER")
    lambda_api.prepare()
    assert len(aws.clients) == 1


def test_a_client_that_cannot_be_made_ahead_is_told_of_by_the_first_call(aws, monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    lambda_api.prepare()
    assert "boto3" in failure("system_fetcher", {}).error_message


def test_a_response_that_breaks_off_is_an_error(aws):
    class Broken:
        def read(self):
            raise ReadTimeoutError("in the middle")

    aws.answer = {"StatusCode": 200, "Payload": Broken()}
    assert failure("system_fetcher", {}, True).may_have_run


def test_a_missing_boto3_is_named(aws, monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    error = failure("system_fetcher", {}, True)
    assert "boto3" in error.error_message and not error.may_have_run


def test_payloads_are_checked_before_boto3_is_even_imported(aws, monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(TypeError):
        invoke("system_fetcher", {1, 2})
    error = failure("system_fetcher", "x" * 1_048_575)
    assert "1048577" in error.error_message and "1048576" in error.error_message
