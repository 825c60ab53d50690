"""Tests of the `context` argument."""

import time

from app_driver import request_id


def test_context_has_lambdas_attributes(start):
    host = start(
        """
        names = ["aws_request_id", "function_name", "function_version", "invoked_function_arn", "memory_limit_in_mb",
                 "log_group_name", "log_stream_name", "client_context", "tenant_id"]
        values = {name: getattr(context, name) for name in names}
        identity = [context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id]
        return [values, identity]
        """
    )
    assert host.result({}) == [
        {
            "aws_request_id": request_id(1),
            "function_name": "my_app-dev-subject",
            "function_version": "$LATEST",
            "invoked_function_arn": "arn:aws:lambda:eu-west-1:000000000000:function:my_app-dev-subject",
            "memory_limit_in_mb": "512",
            "log_group_name": "/aws/lambda/my_app-dev-subject",
            "log_stream_name": "2026/11/25/[$LATEST]0",
            "client_context": None,
            "tenant_id": None,
        },
        [None, None],
    ]


def test_client_context_is_passed_to_the_worker(start):
    host = start(
        """
        client = context.client_context
        return None if client is None else [client.custom, client.env, client.client and client.client.app_title]
        """
    )
    client_context = b'{"custom": {"k": "\xc3\xa4"}, "client": {"app_title": "shop"}, "other": 1}'
    assert host.result({}, caller=client_context) == [{"k": "\u00e4"}, None, "shop"]
    assert host.result({}, caller=b"{}") == [None, None, None]
    assert host.result({}) is None


def test_remaining_time_follows_the_deadline(start):
    host = start("return context.get_remaining_time_in_millis()")
    remaining = host.result({}, deadline=int(time.time() * 1000) + 10_000)
    assert isinstance(remaining, int) and 0 < remaining <= 10_000
    assert host.result({}, deadline=1) == 0


def test_log_adds_no_line_end(start):
    host = start("context.log('one ')\ncontext.log(2)\ncontext.log('\\n')")
    host.result({})
    assert host.wait_for_lines(1, 1) == ["one 2"]


def test_worker_may_set_attributes_on_its_context(start):
    host = start(
        "context.mine = event\ncontext.function_name = 'renamed'\nreturn [context.mine, context.function_name]"
    )
    assert host.result(5) == [5, "renamed"]


def test_context_attributes_do_not_leak_into_the_next_call(start):
    host = start("fresh = not hasattr(context, 'mine')\ncontext.mine = 1\nreturn fresh")
    assert [host.result({}) for _ in range(10)] == [True] * 10


def test_context_has_a_readable_repr(start):
    assert start("return repr(context)").result({}).startswith(f"LambdaContext([aws_request_id={request_id(1)},")


def test_trace_variable_belongs_to_each_threads_invocation(start):
    host = start(
        """
        import os
        import time

        time.sleep(event)
        name = "_X_AMZN_TRACE_ID"
        return [os.environ.get(name), name in os.environ, "PATH" in os.environ]
        """
    )
    # The first call only returns after the second one, which has another trace.
    calls = [host.begin(0.3, trace=b"Root=1-a"), host.begin(0, trace=b"Root=1-b"), host.begin(0)]
    for call, trace in zip(calls, ["Root=1-a", "Root=1-b", None]):
        host.wait_with_control_bytes(call)
        assert host.response(call)[1] == [trace, trace is not None, True]
