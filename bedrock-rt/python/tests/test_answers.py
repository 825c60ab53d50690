"""What goes in and what comes out: events, responses, JSON at its edges."""

import json

import pytest
from app_driver import ERROR, RESPONSE, invoke_frame

ECHO = "return event"


@pytest.mark.parametrize(
    "event",
    [
        {},
        [],
        None,
        True,
        0,
        -1.5,
        1e300,
        "",
        "text",
        {"a": {"b": [1, "x", None]}},
        2**80,
        "Grüße 雪 🎿",
        "nul \x00 inside",
    ],
    ids=repr,
)
def test_every_kind_of_json_comes_back_as_it_went_in(start, event):
    assert start(ECHO).result(event) == event


def test_a_worker_that_returns_nothing_answers_null(start):
    host = start("pass")
    assert host.raw_answer(host.begin({})) == (RESPONSE, b"null")


def test_an_async_worker_answers_like_a_plain_one(launch):
    host = launch(
        """
        import asyncio
        from bedrock.workers.worker import Worker

        class Subject(Worker):
            loops = []

            async def execute(self, event, context):
                await asyncio.sleep(0)
                self.loops.append(asyncio.get_running_loop())
                return [event, len(set(map(id, self.loops)))]
        """
    ).ready()
    assert [host.result(number) for number in range(5)] == [[number, 1] for number in range(5)]


def test_a_plain_execute_may_return_an_awaitable(start):
    host = start(
        "return work(event) if event else 'plain'",
        before="""
        async def work(event):
            return {"awaited": event}
        """,
    )
    assert host.result(1) == {"awaited": 1}
    assert host.result(0) == "plain"


def test_an_exception_in_an_async_worker_shows_only_its_own_frames(launch):
    host = launch(
        """
        import asyncio
        from bedrock.workers.worker import Worker

        class Subject(Worker):
            async def execute(self, event, context):
                await asyncio.sleep(0)
                raise KeyError("width")
        """
    ).ready()
    error = host.error({})
    assert error["errorType"] == "KeyError"
    assert len(error["stackTrace"]) == 1
    assert 'main.py", line 8, in execute' in error["stackTrace"][0]


def test_a_worker_may_override_handle(launch):
    host = launch(
        """
        from bedrock.workers.worker import Worker

        class Subject(Worker):
            def handle(self, event, context):
                return "handled"
        """
    ).ready()
    assert host.result({}) == "handled"


def test_six_megabytes_go_in_and_out(start):
    host = start(ECHO)
    event = {"text": "é" * 1_000_000, "more": "x" * 4_000_000}
    assert host.result(event) == event


def test_six_megabytes_from_many_threads_at_once_do_not_mix(start, gate):
    host = start("open(event['gate'], 'rb', buffering=0).read(1)\nreturn event['letter'] * 6_000_000")
    calls = {host.begin({"gate": gate.path, "letter": letter}): letter for letter in "abcdefgh"}
    gate.open(len(calls))
    for call, letter in calls.items():
        assert host.answer(call) == (RESPONSE, letter * 6_000_000)


def test_frames_may_arrive_in_any_pieces(start):
    host = start(ECHO)
    frame = invoke_frame(1, b'{"piece": 1}')
    for at in range(len(frame)):
        host.data.sendall(frame[at : at + 1])
    assert host.answer(1) == (RESPONSE, {"piece": 1})


def test_many_frames_may_arrive_in_one_piece(start):
    host = start(ECHO)
    big = json.dumps("y" * 100_000).encode()
    burst = b"".join(invoke_frame(call, big if call % 50 == 0 else b"%d" % call) for call in range(1, 501))
    host.data.sendall(burst)
    for call in range(1, 501):
        assert host.answer(call) == (RESPONSE, "y" * 100_000 if call % 50 == 0 else call)


def test_a_response_is_valid_utf_8_even_with_half_a_surrogate(start):
    host = start("return {'half': '\\ud800', 'text': '雪'}")
    kind, raw = host.raw_answer(host.begin({}))
    assert kind == RESPONSE
    assert json.loads(raw.decode("utf-8")) == {"half": "\ud800", "text": "雪"}
    assert host.result({})["text"] == "雪"


def test_an_event_with_half_a_surrogate_reaches_the_worker(start):
    assert start("return len(event)").result(b'"\\ud800"') == 1


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"{]", b'"\xff"', b"nul", b"{} {}", b"NaN", b'{"a": Infinity}', b"\xef\xbb\xbf{}"],
    ids=repr,
)
def test_an_event_that_is_not_json_is_an_unmarshal_error(start, raw):
    host = start(ECHO)
    error = host.error(raw)
    assert error["errorType"] == "Runtime.UnmarshalError"
    assert error["errorMessage"].startswith("Unable to unmarshal input: ")
    assert error["stackTrace"] == []
    assert host.result("still there") == "still there"


def test_white_space_around_an_event_is_json(start):
    assert start(ECHO).result(b' \r\n{"a": 1}\t ') == {"a": 1}


@pytest.mark.parametrize(
    "expression, words",
    [
        ("{1, 2}", "set is not JSON serializable"),
        ("b'bytes'", "bytes is not JSON serializable"),
        ("float('nan')", "Out of range float"),
        ("[float('inf')]", "Out of range float"),
        ("{(1, 2): 3}", "keys must be str"),
        ("object()", "object is not JSON serializable"),
        ("circle()", "Circular reference"),
        ("nested(100_000)", "recursion"),
        ("__import__('decimal').Decimal('NaN')", "Decimal is not JSON serializable"),
    ],
)
def test_a_result_that_json_cannot_hold_is_a_marshal_error(start, expression, words):
    host = start(
        f"return 'fine' if event else {expression}",
        before="""
        def circle():
            ring = []
            ring.append(ring)
            return ring

        def nested(depth):
            value = []
            for _ in range(depth):
                value = [value]
            return value
        """,
    )
    error = host.error(0)
    assert error["errorType"] == "Runtime.MarshalError"
    assert error["errorMessage"].startswith("Unable to marshal response: ")
    assert words in error["errorMessage"]
    assert host.result(1) == "fine"


def test_decimals_are_numbers_as_on_lambda(start):
    host = start("from decimal import Decimal\nreturn {'price': Decimal('12.50'), 'all': [Decimal(3), '\\x00']}")
    kind, raw = host.raw_answer(host.begin({}))
    assert (kind, raw) == (RESPONSE, b'{"price":12.50,"all":[3,"\\u0000"]}')


def test_an_event_nested_too_deeply_is_an_unmarshal_error(start):
    host = start("return 'fine'")
    assert host.error(b"[" * 200_000 + b"]" * 200_000)["errorType"] == "Runtime.UnmarshalError"
    assert host.result({}) == "fine"


def test_moderately_deep_json_goes_both_ways(start):
    event = {}
    for _ in range(400):
        event = {"in": [event]}
    assert start(ECHO).result(event) == event


def test_the_same_object_may_be_returned_by_many_calls_at_once(start, gate):
    host = start(
        "open(event, 'rb', buffering=0).read(1)\nreturn SHARED",
        before="SHARED = {'list': [1, 2, 3], 'again': None}\nSHARED['again'] = SHARED['list']\n",
    )
    calls = [host.begin(gate.path) for _ in range(20)]
    gate.open(20)
    assert all(host.answer(call) == (RESPONSE, {"list": [1, 2, 3], "again": [1, 2, 3]}) for call in calls)


def test_an_empty_frame_body_is_reported_not_ignored(start):
    host = start(ECHO)
    assert host.answer(host.begin(b""))[0] == ERROR


def test_a_frame_of_an_unknown_kind_ends_the_host_with_a_message(start):
    host = start(ECHO)
    host.data.sendall(b"\x01\x00\x00\x00\x63")
    assert host.process.wait(30) == 1
    host.wait_for_line("is no invocation")
