"""Tests of the entry point on Lambda, in a folder with the layout of an unpacked zip, with and without AWS's own
exception class.
"""

import json
import os
import shutil
import subprocess
import sys
import textwrap

import pytest

LIBRARY = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bedrock")
WORKER = "from bedrock.workers.worker import Worker\n"
ECHO = WORKER + "class SystemFetcher(Worker):\n    def execute(self, event, context): return event\n"
IDENTITY = {"version": 1, "app": "space", "worker": "system_fetcher", "class": "SystemFetcher"}

# Fake of AWS's runtime: imports the handler, calls it for each event, and prints the results.
DRIVER = """
import importlib, json, sys, traceback, types
events, has_fault_class = json.loads(sys.argv[1])
if has_fault_class:
    class FaultException(Exception):
        def __init__(self, exception_type, msg, trace=None):
            self.exception_type, self.msg, self.trace = exception_type, msg, trace
    sys.modules["awslambdaric.lambda_runtime_exception"] = types.SimpleNamespace(FaultException=FaultException)
sys.path.insert(0, "")
def error_object(error):
    if has_fault_class and isinstance(error, FaultException):
        return {"errorType": error.exception_type, "errorMessage": error.msg, "stackTrace": error.trace}
    frames = traceback.extract_tb(error.__traceback__)
    files = [frame.filename.rpartition("/")[2] for frame in frames]
    return {"errorType": type(error).__name__, "errorMessage": str(error), "files": files}
responses = []
try:
    handler = importlib.import_module("bedrock.bootstrap").handler
except Exception as error:
    responses.append(error_object(error))
else:
    for event in events:
        try:
            responses.append(handler(event, types.SimpleNamespace(get_remaining_time_in_millis=lambda: 3000)))
        except Exception as error:
            responses.append(error_object(error))
print("\\n" + json.dumps(responses))
"""


@pytest.fixture
def task(tmp_path):
    """A folder like `/var/task`: the files of a Python worker's zip without the worker's own."""
    leave_out = shutil.ignore_patterns("__pycache__", "local_api.py")
    shutil.copytree(LIBRARY, tmp_path / "bedrock", ignore=leave_out)
    (tmp_path / "bedrock.json").write_text(json.dumps(IDENTITY))
    return tmp_path


def run(task, source, *events, fault_class=False, status=0, env=None):
    """Returns the results of the events, or a single error if the handler could not be imported."""
    if source is not None:
        (task / "main.py").write_text(textwrap.dedent(source))
    arguments = [sys.executable, "-I", "-B", "-c", DRIVER, json.dumps([events, fault_class])]
    process = subprocess.run(arguments, cwd=task, capture_output=True, text=True, timeout=60, env=env or {})
    assert process.returncode == status, process.stderr
    return json.loads(process.stdout.splitlines()[-1]) if status == 0 else process


def test_class_in_bedrock_json_is_instantiated_once(task):
    source = (
        WORKER
        + """
class Other(Worker):
    def execute(self, event, context): return "other"
class SystemFetcher(Worker):
    def __init__(self): self.calls = 0
    def execute(self, event, context):
        self.calls += 1
        return [event, self.calls]
"""
    )
    assert run(task, source, "a", "b") == [["a", 1], ["b", 2]]


def test_causes_of_an_error_are_printed(task):
    source = WORKER + (
        "class SystemFetcher(Worker):\n    def execute(self, event, context):\n"
        "        try:\n            {}[event]\n        except KeyError as error:\n"
        "            raise RuntimeError('no such system') from error\n"
    )
    (task / "main.py").write_text(source)
    arguments = [sys.executable, "-I", "-B", "-c", DRIVER, json.dumps([["x"], False])]
    process = subprocess.run(arguments, cwd=task, capture_output=True, text=True, timeout=60, env={})
    (error,) = json.loads(process.stdout.splitlines()[-1])
    assert (error["errorType"], error["errorMessage"], error["files"][-1]) == ("RuntimeError", "no such system", "main.py")
    lines = [line for line in process.stderr.splitlines() if line.strip("^~ ")]
    frame = f'  File "{task}/main.py", line 5, in execute'
    assert lines == ["caused by: KeyError: 'x'", frame, "    {}[event]"]


def test_contract_is_checked_only_if_the_function_asks(task):
    source = WORKER + "class SystemFetcher(Worker):\n    def execute(self, event, context): return len(event)\n"
    roots = {"event": {"type": "string"}, "response": {"maximum": 3, "type": "integer"}}
    (task / "contract.json").write_text(json.dumps({"properties": roots}))
    env = {"BEDROCK_CHECK_CONTRACTS": "1"}
    good, event, response = run(task, source, "abc", [1], "abcd", env=env)
    assert good == 3
    assert event["errorType"] == response["errorType"] == "ContractViolation"
    assert event["errorMessage"].endswith("`event`: expected a string, found a list")
    assert response["errorMessage"].endswith("to 3, found 4")
    assert run(task, source, "abcd", [1, 2]) == [4, 2]
    (task / "contract.json").unlink()
    assert run(task, source, [1, 2], env=env) == [2]


def test_init_imports_only_what_the_function_needs(task):
    source = WORKER + (
        "import sys\nclass SystemFetcher(Worker):\n    def execute(self, event, context):\n"
        "        return sorted(name for name in sys.modules if name.startswith('bedrock.'))\n"
    )
    names = ["bootstrap", "workers", "workers.worker"]
    needed = [f"bedrock.{name}" for name in names]
    assert run(task, source, {}) == [needed]
    (modules,) = run(task, source, {}, env={"SPACE_WORKER_ARN_OTHER": "arn:aws:lambda:eu-west-1:1:function:other"})
    calling = {f"bedrock.workers.{name}" for name in ("errors", "identity", "lambda_api", "loader", "retry", "runtime_errors")}
    assert set(modules) - set(needed) == calling
    (task / "contract.json").write_text(json.dumps({"properties": {"event": {"type": "object"}}}))
    assert run(task, source, {}) == [needed]
    (modules,) = run(task, source, {}, env={"BEDROCK_CHECK_CONTRACTS": "1"})
    assert set(modules) - set(needed) == {f"bedrock.workers.{name}" for name in ("contract", "identity", "loader", "runtime_errors")}


def test_init_compiles_few_bytes_of_ours(task):
    source = WORKER + (
        "import os, sys\nclass SystemFetcher(Worker):\n    def execute(self, event, context):\n"
        "        ours = [module for name, module in sys.modules.items() if name.partition('.')[0] == 'bedrock']\n"
        "        return sum(os.path.getsize(module.__file__) for module in ours)\n"
    )
    (compiled,) = run(task, source, {})
    # Two thirds of what an init has in addition to that of a plain handler are the compiling of these bytes.
    assert 0 < compiled <= 6_000


def test_async_worker_imports_its_loop_when_it_is_called(task):
    source = WORKER + (
        "import sys\nat_init = set(sys.modules)\nclass SystemFetcher(Worker):\n    async def execute(self, event, context):\n"
        "        return sorted(name for name in set(sys.modules) - at_init if name.startswith(('bedrock.', 'asyncio')))\n"
    )
    (modules,) = run(task, source, {})
    assert "asyncio" in modules and [name for name in modules if name.startswith("bedrock.")] == ["bedrock.workers.event_loop"]


def test_error_is_reported_if_our_modules_cannot_be_read(task):
    source = WORKER + (
        "import os\nclass SystemFetcher(Worker):\n    def execute(self, event, context):\n"
        "        os.remove('bedrock/workers/runtime_errors.py')\n        raise KeyError('width')\n"
    )
    (error,) = run(task, source, {})
    assert (error["errorType"], error["errorMessage"]) == ("KeyError", "'width'")
    assert error["files"][-1] == "main.py"


def test_entry_point_reads_the_version_of_identity():
    versions = []
    for name in ("bootstrap.py", "workers/identity.py"):
        with open(os.path.join(LIBRARY, name), encoding="utf-8") as file:
            versions.append([line for line in file if line.startswith("VERSION = ")])
    assert versions[0] == versions[1] != []


def test_async_execute_is_awaited(task):
    source = (
        WORKER
        + """
import asyncio
class SystemFetcher(Worker):
    async def execute(self, event, context):
        await asyncio.sleep(0)
        return event
"""
    )
    assert run(task, source, {"a": 1}) == [{"a": 1}]


def test_environment_is_not_changed(task):
    source = WORKER + "import os\nclass SystemFetcher(Worker):\n    def execute(self, e, c): return dict(os.environ)\n"
    (environment,) = run(task, source, {})
    assert set(environment) <= {"LC_CTYPE"}


@pytest.mark.parametrize("keyword", ["def", "async def"])
def test_trace_begins_with_bootstrap_then_worker_frames(task, keyword):
    source = (
        WORKER
        + f"""
def deeper(): raise KeyError("width")
class SystemFetcher(Worker):
    {keyword} execute(self, event, context): deeper()
"""
    )
    (error,) = run(task, source, {})
    assert (error["errorType"], error["errorMessage"]) == ("KeyError", "'width'")
    # AWS's runtime removes files called `bootstrap.py` from the beginning.
    assert error["files"] == ["<string>", "bootstrap.py", "main.py", "main.py"]


@pytest.mark.parametrize("fault_class", [True, False], ids=["awslambdaric", "another runtime"])
@pytest.mark.parametrize(
    "source, kind, message",
    [
        ("import no_such_package\n", "ImportModuleError", "Unable to import module 'main': No module named 'no_such_package'"),
        (None, "ImportModuleError", "Unable to import module 'main': No module named 'main'"),
        ("x = 1\ndef broken(:\n", "UserCodeSyntaxError", "Syntax error in module 'main': invalid syntax (main.py, line 2)"),
        ("class Helper: pass\n", "HandlerNotFound", "no class `SystemFetcher` in `main.py`: write `class SystemFetcher(Worker):` there"),
    ],
    ids=["missing dependency", "no main.py", "syntax error", "missing class"],
)  # fmt: skip
def test_load_errors_have_awss_names(task, source, kind, message, fault_class):
    (error,) = run(task, source, {}, fault_class=fault_class)
    assert (error["errorType"], error["errorMessage"]) == (f"Runtime.{kind}", message)


def test_syntax_error_names_file_and_line(task):
    (error,) = run(task, "x = 1\ndef broken(:\n", {}, fault_class=True)
    assert error["stackTrace"] == [f'  File "{task}/main.py" Line 2\n    def broken(:\n']


def test_import_exception_keeps_type_and_worker_frames(task):
    source = "def setup():\n    raise LookupError('no table')\nsetup()\n"
    (error,) = run(task, source, {}, fault_class=True)
    assert error == {
        "errorType": "LookupError",
        "errorMessage": "no table",
        "stackTrace": [
            f'  File "{task}/main.py", line 3, in <module>\n    setup()\n',
            f"  File \"{task}/main.py\", line 2, in setup\n    raise LookupError('no table')\n",
        ],
    }
    (error,) = run(task, source, {})
    assert (error["errorType"], error["errorMessage"]) == ("LookupError", "no table")


def test_constructor_exception_is_a_start_error(task):
    source = ECHO + "    def __init__(self): raise ValueError('no model')\n"
    (error,) = run(task, source, {}, fault_class=True)
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no model")


@pytest.mark.parametrize("where", ["module", "execute"])
def test_sys_exit_ends_the_process_with_its_status(task, where):
    source = "import sys\nsys.exit(3)\n" if where == "module" else ECHO.replace("return event", "raise SystemExit(3)")
    run(task, source, {}, status=3)


def test_missing_bedrock_json_is_reported(task):
    (task / "bedrock.json").unlink()
    (error,) = run(task, ECHO, {}, fault_class=True)
    message = f"Unable to import module 'main': there is no `{task}/bedrock.json`"
    assert (error["errorType"], error["errorMessage"]) == ("Runtime.ImportModuleError", message)


def test_bedrock_json_of_another_version_is_rejected(task):
    (task / "bedrock.json").write_text(json.dumps({**IDENTITY, "version": 2}))
    (error,) = run(task, ECHO, {}, fault_class=True)
    assert error["errorMessage"] == f"`{task}/bedrock.json` has version 2, and the package next to it reads 1"


# Stands in for AWS's SDK and for boto3: an execution sends one checkpoint, and its result has what was sent.
FAKE_SDK = """
def durable_execution(function, *, boto3_client):
    def handler(event, context):
        result = function(event["Input"], "durable context")
        sent = boto3_client.checkpoint(Updates=[
            {"Type": "STEP"},
            {"Type": "CHAINED_INVOKE", "ChainedInvokeOptions": {"FunctionName": "mailer", "TenantId": "t"}},
            {"Type": "CHAINED_INVOKE", "ChainedInvokeOptions": {"FunctionName": "arn:aws:lambda:eu:1:function:other"}},
        ])
        return [result, sent]
    return handler
"""
FAKE_BOTO3 = """
class Client:
    def __init__(self):
        self.meta = self.events = self
    def register(self, name, change):
        self.change = {name: change}
    def checkpoint(self, **params):
        return self.change["provide-client-params.lambda.CheckpointDurableExecution"](params, model=None)["Updates"]
def client(service, config):
    return Client()
"""


def durable_task(task):
    (task / "bedrock.json").write_text(json.dumps({**IDENTITY, "durable": True}))
    (task / "aws_durable_execution_sdk_python.py").write_text(FAKE_SDK)
    (task / "boto3.py").write_text(FAKE_BOTO3)
    (task / "botocore").mkdir()
    (task / "botocore" / "config.py").write_text("class Config:\n    def __init__(self, **options): pass\n")
    return task


def test_durable_worker_runs_in_the_sdk_with_names_of_functions(task):
    source = WORKER + "class SystemFetcher(Worker):\n    def execute(self, event, context): return [event, context]\n"
    env = {"AWS_LAMBDA_FUNCTION_NAME": "space-dev-system_fetcher", "AWS_LAMBDA_FUNCTION_VERSION": "7"}
    (answer,) = run(durable_task(task), source, {"DurableExecutionArn": "arn", "Input": 5}, env=env)
    result, sent = answer
    assert result == [5, "durable context"]
    assert [update.get("ChainedInvokeOptions") for update in sent] == [
        None,
        {"FunctionName": "space-dev-mailer:live", "TenantId": "t"},
        {"FunctionName": "arn:aws:lambda:eu:1:function:other"},
    ]


def test_durable_worker_refuses_events_without_an_execution(task):
    (error,) = run(durable_task(task), ECHO, {"Input": 5})
    assert error["errorType"] == "LambdaRuntimeError"
    assert "in functions that were created with a `DurableConfig`" in error["errorMessage"]


def test_contract_of_a_durable_worker_is_that_of_its_input(task):
    (durable_task(task) / "contract.json").write_text(json.dumps({"properties": {"event": {"type": "string"}}}))
    env = {"BEDROCK_CHECK_CONTRACTS": "1"}
    good, wrong = run(task, ECHO, *({"DurableExecutionArn": "arn", "Input": each} for each in ("text", 5)), env=env)
    assert good[0] == "text"
    assert wrong["errorMessage"].endswith("`event`: expected a string, found `5`")
