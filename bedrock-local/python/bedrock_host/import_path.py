"""Sets the import path of a worker locally. On Lambda the runtime sets it."""

import os
import sys


# Modules of Python's library that AWS's runtime client has imported before the worker's folder is on the path. Files of
# these names in the folder are never imported on Lambda.
_IMPORTED_BY_RUNTIME = frozenset(
    """__future__ _collections_abc _weakrefset abc codecs collections contextlib copyreg decimal encodings
    enum functools genericpath importlib io json keyword linecache logging math numbers operator os posixpath re reprlib
    site stat string textwrap threading token tokenize traceback types warnings weakref""".split()
)


def import_shadowed(folders):
    """Imports the modules of Python's library that files in `folders` would hide, although they do not on Lambda."""
    for folder in filter(None, folders):
        try:
            names = {name.partition(".")[0] for name in os.listdir(folder)}
        except OSError:
            continue
        for name in names & _IMPORTED_BY_RUNTIME:
            __import__(name)


def prepare_path(worker_dir, library, shared_dir, site_dir):
    """Sets `sys.path`: the worker's own files, `bedrock`, code that workers share, the dependencies, Python's library."""
    library_path = sys.path[:]
    first = [worker_dir, library]
    if shared_dir:
        first.append(shared_dir)
    installed = []
    if site_dir and has_path_files(site_dir):
        import site  # before the worker's folder is on the path, because it may contain a `site.py`

        # Python's own library remains on the path meanwhile: lines of a `.pth` file may import from it.
        sys.path[:] = first + library_path
        site.addsitedir(site_dir)
        installed = [entry for entry in sys.path if entry not in first + library_path]
    elif site_dir:
        installed = [site_dir]
    sys.path[:] = first + installed + [entry for entry in library_path if entry not in first]


def has_path_files(folder):
    """Whether installed packages add folders of their own, which only `site` supports."""
    try:
        return any(name.endswith(".pth") for name in os.listdir(folder))
    except OSError:
        return False
