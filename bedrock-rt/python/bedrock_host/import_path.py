"""Sets the import path of a worker locally. On Lambda the runtime sets it."""

import os
import sys


def prepare_path(worker_dir, library, site_dir):
    """Sets `sys.path`: the worker's own files, `bedrock`, its installed dependencies, Python's library."""
    library_path = sys.path[:]
    first = [worker_dir, library]
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
