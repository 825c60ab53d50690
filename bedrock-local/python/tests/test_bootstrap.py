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


def run(task, source, *events, fault_class=False, status=0):
    """Returns the results of the events, or a single error if the handler could not be imported."""
    if source is not None:
        (task / "main.py").write_text(textwrap.dedent(source))
    arguments = [sys.executable, "-I", "-B", "-c", DRIVER, json.dumps([events, fault_class])]
    process = subprocess.run(arguments, cwd=task, capture_output=True, text=True, timeout=60, env={})
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
