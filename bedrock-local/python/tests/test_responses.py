"""Tests of events and responses, including the limits of JSON."""

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
def test_json_values_round_trip(start, event):
    assert start(ECHO).result(event) == event


def test_worker_without_return_value_responds_null(start):
    host = start("pass")
    assert host.raw_response(host.begin({})) == (RESPONSE, b"null")


def test_async_worker_responds_like_a_plain_one(launch):
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


def test_plain_execute_may_return_an_awaitable(start):
    host = start(
        "return work(event) if event else 'plain'",
        before="""
        async def work(event):
            return {"awaited": event}
        """,
    )
    assert host.result(1) == {"awaited": 1}
    assert host.result(0) == "plain"


def test_async_exception_trace_contains_only_worker_frames(launch):
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


def test_worker_may_override_handle(launch):
    host = launch(
        """
        from bedrock.workers.worker import Worker

        class Subject(Worker):
            def handle(self, event, context):
                return "handled"
        """
    ).ready()
    assert host.result({}) == "handled"


def test_six_megabyte_event_and_response_are_transferred(start):
    host = start(ECHO)
    event = {"text": "é" * 1_000_000, "more": "x" * 4_000_000}
    assert host.result(event) == event


def test_large_responses_of_many_threads_do_not_mix(start, gate):
    host = start("open(event['gate'], 'rb', buffering=0).read(1)\nreturn event['letter'] * 6_000_000")
    calls = {host.begin({"gate": gate.path, "letter": letter}): letter for letter in "abcdefgh"}
    gate.open(len(calls))
    for call, letter in calls.items():
        assert host.response(call) == (RESPONSE, letter * 6_000_000)


def test_frame_may_arrive_byte_by_byte(start):
    host = start(ECHO)
    frame = invoke_frame(1, b'{"piece": 1}')
    for at in range(len(frame)):
        host.data.sendall(frame[at : at + 1])
    assert host.response(1) == (RESPONSE, {"piece": 1})


def test_many_frames_may_arrive_in_one_read(start):
    host = start(ECHO)
    big = json.dumps("y" * 100_000).encode()
    send_burst = b"".join(invoke_frame(call, big if call % 50 == 0 else b"%d" % call) for call in range(1, 501))
    host.data.sendall(send_burst)
    for call in range(1, 501):
        assert host.response(call) == (RESPONSE, "y" * 100_000 if call % 50 == 0 else call)


def test_response_with_lone_surrogate_is_valid_utf_8(start):
    host = start("return {'half': '\\ud800', 'text': '雪'}")
    kind, raw = host.raw_response(host.begin({}))
    assert kind == RESPONSE
    assert json.loads(raw.decode("utf-8")) == {"half": "\ud800", "text": "雪"}
    assert host.result({})["text"] == "雪"


def test_event_with_lone_surrogate_reaches_the_worker(start):
    assert start("return len(event)").result(b'"\\ud800"') == 1


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"{]", b'"\xff"', b"nul", b"{} {}", b"NaN", b'{"a": Infinity}', b"\xef\xbb\xbf{}"],
    ids=repr,
)
def test_invalid_json_event_is_an_unmarshal_error(start, raw):
    host = start(ECHO)
    error = host.error(raw)
    assert error["errorType"] == "Runtime.UnmarshalError"
    assert error["errorMessage"].startswith("Unable to unmarshal input: ")
    assert error["stackTrace"] == []
    assert host.result("still there") == "still there"


def test_white_space_around_an_event_is_accepted(start):
    assert start(ECHO).result(b' \r\n{"a": 1}\t ') == {"a": 1}


@pytest.mark.parametrize(
    "expression, text",
    [
        ("{1, 2}", "set is not JSON serializable"),
        ("{'a': b'\\xff'}", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        ("WrongRow()", "_asdict() must return a dict, not list"),
        ("{(1, 2): 3}", "keys must be str"),
        ("object()", "object is not JSON serializable"),
        ("circle()", "Circular reference"),
        ("nested(100_000)", "recursion"),
        ("{__import__('decimal').Decimal(1): 2}", "keys must be str, int, float, bool or None, not Decimal"),
    ],
)
def test_unserializable_result_is_a_marshal_error(start, expression, text):
    host = start(
        f"return 'fine' if event else {expression}",
        before="""
        class WrongRow:
            def _asdict(self):
                return [1]

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
    assert text in error["errorMessage"]
    assert host.result(1) == "fine"


def test_decimals_are_encoded_as_numbers(start):
    host = start("from decimal import Decimal\nreturn {'price': Decimal('12.50'), 'all': [Decimal(3), '\\x00']}")
    kind, raw = host.raw_response(host.begin({}))
    assert (kind, raw) == (RESPONSE, b'{"price":12.50,"all":[3,"\\u0000"]}')


# Expression and response, as `LambdaMarshaller` of awslambdaric 4.2.2 encodes it for Python 3.13 (without white space).
ANSWERS_OF_AWS = [
    ("Point(1, 2)", '{"x":1,"y":2}'),
    ("{'rows': [Point(1, Point(2, 3))]}", '{"rows":[{"x":1,"y":{"x":2,"y":3}}]}'),
    ("(1, 'a', None)", '[1,"a",null]'),
    ("Row()", '{"q":{"x":1,"y":2}}'),
    ("{'a': b'abc', 'b': [b'']}", '{"a":"abc","b":[""]}'),
    ("{b'k': 1}", '{"k":1}'),
    ("{1: 1, 1.5: 2, True: 3, None: 4}", '{"1":3,"1.5":2,"null":4}'),
    ("{float('nan'): 1}", '{"NaN":1}'),
    ("{'a': float('nan')}", '{"a":NaN}'),
    ("[float('inf'), float('-inf')]", "[Infinity,-Infinity]"),
    ("[Decimal('NaN'), Decimal('-sNaN')]", "[NaN,NaN]"),
    ("[Decimal('Infinity'), Decimal('1E+5'), Decimal('-0.10')]", "[Infinity,1E+5,-0.10]"),
    ("[Level.LOW, collections.OrderedDict(a=1)]", '[1,{"a":1}]'),
    ("b'raw \\xff'", b"raw \xff"),
    ("b''", b""),
]


@pytest.mark.parametrize("expression, expected", ANSWERS_OF_AWS)
def test_response_is_encoded_as_by_lambda(start, expression, expected):
    host = start(
        f"return {expression}",
        before="""
        import collections
        import enum
        from decimal import Decimal

        Point = collections.namedtuple("Point", "x y")
        Level = enum.IntEnum("Level", "LOW HIGH")

        class Row:
            def _asdict(self):
                return {"q": Point(1, 2)}
        """,
    )
    expected = expected if isinstance(expected, bytes) else expected.encode()
    assert host.raw_response(host.begin({})) == (RESPONSE, expected)


@pytest.mark.parametrize("expression", ["{'a': '\u00e9\u96ea'}", "collections.OrderedDict(a='\u00e9\u96ea')"])
def test_response_is_utf8_from_python_3_12_on(start, expression):
    for runtime, expected in [
        ("python3.11", b'{"a":"\\u00e9\\u96ea"}'),
        ("python3.12", '{"a":"\u00e9\u96ea"}'.encode()),
        ("python3.13", '{"a":"\u00e9\u96ea"}'.encode()),
    ]:
        host = start(f"return {expression}", before="import collections", AWS_EXECUTION_ENV=f"AWS_Lambda_{runtime}")
        assert host.raw_response(host.begin({})) == (RESPONSE, expected)


def test_half_of_a_surrogate_pair_is_a_marshal_error(start):
    host = start("return '\\udcff'", AWS_EXECUTION_ENV="AWS_Lambda_python3.13")
    assert host.error({})["errorType"] == "Runtime.MarshalError"
    host = start("raise ValueError('\\udcff')", AWS_EXECUTION_ENV="AWS_Lambda_python3.13")
    assert host.error({})["errorMessage"] == "\udcff"


def test_too_deeply_nested_event_is_an_unmarshal_error(start):
    host = start("return 'fine'")
    assert host.error(b"[" * 200_000 + b"]" * 200_000)["errorType"] == "Runtime.UnmarshalError"
    assert host.result({}) == "fine"


def test_moderately_nested_json_round_trips(start):
    event = {}
    for _ in range(400):
        event = {"in": [event]}
    assert start(ECHO).result(event) == event


def test_concurrent_calls_may_return_the_same_object(start, gate):
    host = start(
        "open(event, 'rb', buffering=0).read(1)\nreturn SHARED",
        before="SHARED = {'list': [1, 2, 3], 'again': None}\nSHARED['again'] = SHARED['list']\n",
    )
    calls = [host.begin(gate.path) for _ in range(20)]
    gate.open(20)
    assert all(host.response(call) == (RESPONSE, {"list": [1, 2, 3], "again": [1, 2, 3]}) for call in calls)


def test_empty_frame_ends_the_host_with_a_message(start):
    host = start(ECHO)
    assert host.response(host.begin(b""))[0] == ERROR


def test_unknown_frame_kind_ends_the_host_with_a_message(start):
    host = start(ECHO)
    host.data.sendall(b"\x01\x00\x00\x00\x63")
    assert host.process.wait(30) == 1
    host.wait_for_line("is not an invocation")
