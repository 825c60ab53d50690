"""Tests of the debugger in the host, with a fake debugpy: which threads it is notified of, and what the worker can
see of it.
"""

FAKE_DEBUGPY = """
import os

def listen(address):
    print("listens on %s:%d" % address, flush=True)

def debug_this_thread():
    os.write(2, b"thread\\n")
"""

RETURNS_VISIBLE_DEBUG_SETTINGS = """
import os, sys
seen = [name for name in os.environ if name.startswith(("BEDROCK_DEBUG", "PYDEVD"))]
try:
    import other
    seen.append("other")
except ImportError:
    pass
return seen
"""


def test_worker_sees_neither_debug_variables_nor_folder(start, tmp_path):
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / "debugpy.py").write_text(FAKE_DEBUGPY)
    (folder / "other.py").write_text("")
    host = start(RETURNS_VISIBLE_DEBUG_SETTINGS, BEDROCK_DEBUG_PORT="5678", BEDROCK_DEBUGPY=str(folder))
    assert host.result({}) == []


def test_debugger_is_off_without_the_variables(start):
    host = start("import sys\nreturn 'debugpy' in sys.modules")
    assert host.result({}) is False
