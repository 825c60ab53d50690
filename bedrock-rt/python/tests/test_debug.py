"""A debugger in the host: who is told of it, and what the worker sees of that. The debugger here is a stand-in."""

STAND_IN = """
import os

def listen(address):
    print("listens on %s:%d" % address, flush=True)

def debug_this_thread():
    os.write(2, b"thread\\n")
"""

SEES = """
import os, sys
seen = [name for name in os.environ if name.startswith(("BEDROCK_DEBUG", "PYDEVD"))]
try:
    import other
    seen.append("other")
except ImportError:
    pass
return seen
"""


def test_the_worker_sees_neither_the_variables_nor_the_folder(start, tmp_path):
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / "debugpy.py").write_text(STAND_IN)
    (folder / "other.py").write_text("")
    host = start(SEES, BEDROCK_DEBUG_PORT="5678", BEDROCK_DEBUGPY=str(folder))
    assert host.result({}) == []


def test_without_the_variables_there_is_no_debugger(start):
    host = start("import sys\nreturn 'debugpy' in sys.modules")
    assert host.result({}) is False
