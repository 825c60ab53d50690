"""Tests of the start of a host until READY, and of all errors before it."""

import textwrap

import pytest
from app_driver import READY

WORKER = "from bedrock.workers.worker import Worker\n"


def test_ready_is_sent_once_and_empty(launch):
    host = launch(WORKER + "class Subject(Worker):\n    def execute(self, event, context): return 1\n")
    assert host.start.get(timeout=30) == (READY, b"")
    assert host.result({}) == 1
    assert host.start.empty()


def test_calls_may_arrive_before_ready(launch):
    host = launch(WORKER + "class Subject(Worker):\n    def execute(self, event, context): return event\n")
    assert [host.response(host.begin(number))[1] for number in range(3)] == [0, 1, 2]


def test_missing_package_is_an_import_error(launch):
    error = launch("import no_such_package\n").init_error()
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert error["errorMessage"] == "Unable to import module 'main': No module named 'no_such_package'"
    assert error["stackTrace"] == []


def test_missing_main_py_is_an_import_error(launch):
    error = launch(None).init_error()
    assert error["errorMessage"] == "Unable to import module 'main': No module named 'main'"


def test_missing_worker_folder_is_an_init_error(launch, tmp_path):
    error = launch(None, BEDROCK_WORKER_DIR=str(tmp_path / "gone")).init_error()
    assert error["errorType"] == "FileNotFoundError"
    assert str(tmp_path / "gone") in error["errorMessage"]


def test_syntax_error_names_file_and_line(launch, worker_dir):
    error = launch("x = 1\ndef broken(:\n    pass\n").init_error()
    assert error["errorType"] == "Runtime.UserCodeSyntaxError"
    assert error["errorMessage"].startswith("Syntax error in module 'main': ")
    assert f'File "{worker_dir}/main.py" Line 2' in error["stackTrace"][0]


def test_other_import_exception_keeps_its_type_and_frames(launch, worker_dir):
    error = launch("def setup():\n    raise LookupError('no table')\nsetup()\n").init_error()
    assert (error["errorType"], error["errorMessage"]) == ("LookupError", "no table")
    assert error["stackTrace"] == [
        f'  File "{worker_dir}/main.py", line 3, in <module>\n    setup()\n',
        f"  File \"{worker_dir}/main.py\", line 2, in setup\n    raise LookupError('no table')\n",
    ]


@pytest.mark.parametrize("where", ["module", "constructor"])
def test_sys_exit_before_ready_is_an_exit_error(launch, where):
    body = (
        "raise SystemExit(3)\n"
        if where == "module"
        else (
            WORKER
            + "class Subject(Worker):\n    def __init__(self): raise SystemExit(3)\n    def execute(s, e, c): pass\n"
        )
    )
    error = launch(body).init_error()
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"] == "Error: Runtime exited with error: exit status 3"


def test_constructor_exception_is_an_init_error(launch):
    source = WORKER + "class Subject(Worker):\n    def __init__(self): raise ValueError('no model')\n"
    error = launch(source + "    def execute(self, event, context): pass\n").init_error()
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no model")
    assert len(error["stackTrace"]) == 1


def test_os_exit_during_import_ends_the_host(launch):
    host = launch("import os\nos._exit(9)\n")
    assert host.start.get(timeout=30) == (None, b"")
    assert host.process.wait(30) == 9


def test_host_ends_with_the_app_during_a_hanging_import(launch):
    host = launch("print('loading')\nwhile True: pass\n")
    host.wait_for_line("loading")
    host.data.shutdown(2)
    assert host.process.wait(30) == 0


def test_configured_class_is_chosen_among_several(launch):
    source = WORKER + "".join(
        f"class {name}(Worker):\n    def execute(self, event, context): return '{name}'\n"
        for name in ("A", "Subject", "B")
    )
    assert launch(source).ready().result({}) == "Subject"


def test_only_worker_is_chosen_whatever_its_name(launch):
    source = WORKER + "class Other(Worker):\n    def execute(self, event, context): return 'other'\n"
    assert launch(source).ready().result({}) == "other"


def test_base_class_in_the_module_is_not_chosen(launch):
    source = WORKER + (
        "class Base(Worker):\n    def execute(self, event, context): return self.name\n"
        "class Concrete(Base):\n    name = 'concrete'\n"
    )
    assert launch(source).ready().result({}) == "concrete"


@pytest.mark.parametrize(
    "source, message",
    [
        (
            "class Helper: pass\n",
            "no class `Subject` in `workers/subject/main.py`: write `class Subject(Worker):` there",
        ),
        (
            WORKER + "class A(Worker): execute = len\nclass B(Worker): execute = len\n",
            "no class `Subject` in `workers/subject/main.py`, and more than one worker class: `A`, `B`",
        ),
        (
            "class Subject:\n    pass\n",
            "class `Subject` in `workers/subject/main.py` is not a worker: write `class Subject(Worker):`",
        ),
        (
            WORKER + "class Subject(Worker):\n    def excute(self, event, context): pass\n",
            "class `Subject` in `workers/subject/main.py` has no method `execute(self, event, context)`",
        ),
    ],
)
def test_unusable_class_error_names_class_and_file(launch, source, message):
    error = launch(source).init_error()
    assert error["errorType"] == "Runtime.HandlerNotFound"
    assert error["errorMessage"] == message


def test_paths_and_arguments_match_lambda(start, worker_dir):
    (worker_dir / "table.txt").write_text("data")
    (worker_dir / "helper.py").write_text("NAME = 'helper of this worker'\n")
    host = start(
        """
        import os, sys, helper
        return {
            "cwd": os.getcwd(), "root": os.environ["LAMBDA_TASK_ROOT"], "file": __file__, "module": __name__,
            "argv": sys.argv, "first": sys.path[0], "relative": open("table.txt").read(), "helper": helper.NAME,
            "stdin": sys.stdin.read(),
        }
        """
    )
    here = str(worker_dir)
    assert host.result({}) == {
        "cwd": here,
        "root": here,
        "file": here + "/main.py",
        "module": "main",
        "argv": [here + "/main.py"],
        "first": here,
        "relative": "data",
        "helper": "helper of this worker",
        "stdin": "",
    }


def test_dependencies_are_imported_from_the_site_folder(start, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "dependency.py").write_text("VALUE = 'installed'\n")
    host = start("import dependency, sys\nreturn [dependency.VALUE, 'site' in sys.modules]", site_dir=site)
    assert host.result({}) == ["installed", False]


def test_pth_files_of_the_site_folder_are_read(start, tmp_path):
    site, extra = tmp_path / "site", tmp_path / "extra"
    site.mkdir()
    extra.mkdir()
    (site / "extra.pth").write_text(f"{extra}\n")
    (extra / "dependency.py").write_text("VALUE = 'by pth'\n")
    (site / "code.pth").write_text("import colorsys, sys; sys.from_pth = True\n")
    host = start(
        """
        import dependency, sys
        library = [entry for entry in sys.path if entry.endswith("lib-dynload")][0]
        return [dependency.VALUE, sys.from_pth, sys.path.index(event) < sys.path.index(library)]
        """,
        site_dir=site,
    )
    assert host.result(str(site)) == ["by pth", True, True]


def test_missing_site_folder_is_accepted(start, tmp_path):
    assert start("return 1", site_dir=tmp_path / "nowhere").result({}) == 1


def test_bundled_bedrock_shadows_an_installed_one(start, tmp_path):
    package = tmp_path / "site" / "bedrock"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('the wrong one')\n")
    assert start("return 1", site_dir=tmp_path / "site").result({}) == 1


def test_worker_modules_shadow_installed_ones(start, worker_dir, tmp_path):
    (worker_dir / "shared_name.py").write_text("WHO = 'worker'\n")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "shared_name.py").write_text("WHO = 'site'\n")
    assert start("import shared_name\nreturn shared_name.WHO", site_dir=tmp_path / "site").result({}) == "worker"


def test_shared_code_comes_between_worker_and_dependencies(start, tmp_path):
    shared, site = tmp_path / "shared", tmp_path / "site"
    for folder in (shared, site):
        folder.mkdir()
        (folder / "words.py").write_text(f"WHO = {folder.name!r}\n")
    (shared / "main.py").write_text("raise ValueError")
    (shared / "string.py").write_text("raise ValueError")
    body = "import string\nimport words\nreturn words.WHO"
    assert start(body, site_dir=site, BEDROCK_SHARED_DIR=str(shared)).result({}) == "shared"
    assert start(body, site_dir=site).result({}) == "site"


def test_plain_worker_loads_no_heavy_module(start):
    loaded = start("import sys\nreturn sorted(sys.modules)").result({})
    heavy = {
        "asyncio",
        "json",
        "re",
        "logging",
        "typing",
        "dataclasses",
        "http",
        "socket",
        "traceback",
        "site",
        "inspect",
    }
    assert not heavy & set(loaded)


def test_main_thread_is_pythons_main_thread(start):
    host = start(
        """
        import signal, threading
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        return threading.current_thread() is threading.main_thread()
        """
    )
    assert host.result({}) is True


def test_example_of_bedrock_for_python_runs_unchanged(launch, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "requests.py").write_text(
        textwrap.dedent(
            """
            class Response:
                status_code = 200
                def json(self):
                    return [{"name": "Sol"}]

            def get(url):
                assert url == "https://badass-space-info-website.com/api/systems"
                return Response()
            """
        )
    )
    host = launch(
        """
        import requests
        from bedrock.workers.worker import Worker


        class SystemFetcher(Worker):
            def execute(self, event, context):
                response = requests.get("https://badass-space-info-website.com/api/systems")

                if response.status_code != 200:
                    return False

                return response.json()  # Or False, or True. It just needs to be loadable by json.loads()
        """,
        class_name="SystemFetcher",
        site_dir=site,
    ).ready()
    assert host.result({}) == [{"name": "Sol"}]


@pytest.mark.parametrize("name", ["json", "traceback", "logging", "decimal", "collections", "os"])
def test_file_named_like_a_module_of_the_runtime_is_not_imported(launch, worker_dir, name):
    (worker_dir / f"{name}.py").write_text("raise SystemError('the file of the worker')\n")
    source = f"import {name}\n{WORKER}class Subject(Worker):\n    def execute(self, event, context):\n"
    source += f"        if event: raise ValueError('mine')\n        return {name}.__file__\n"
    host = launch(source).ready()
    assert not host.result(None).startswith(str(worker_dir))
    assert host.error(1)["errorType"] == "ValueError"


def test_file_named_like_another_library_module_is_imported(launch, worker_dir):
    (worker_dir / "random.py").write_text("VALUE = 'mine'\n")
    source = f"import random\n{WORKER}class Subject(Worker):\n    def execute(self, event, context):\n"
    assert launch(source + "        return random.VALUE\n").ready().result({}) == "mine"
