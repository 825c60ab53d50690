"""Finds the worker: import path, module `main`, the class in it. Errors are named as AWS's runtime names them."""

import os
import sys

from bedrock.workers.worker import Worker

from .faults import Fault


def prepare_path(worker_dir, library, site_dir):
    """The worker's own files first, then `bedrock`, then its installed dependencies, then Python's library."""
    library_path = sys.path[:]
    first = [worker_dir, library]
    installed = []
    if site_dir and has_path_files(site_dir):
        import site  # before the worker's folder is on the path, for it may hold a `site.py`

        # Python's own library stays in reach meanwhile: lines of a `.pth` file may import from it.
        sys.path[:] = first + library_path
        site.addsitedir(site_dir)
        installed = [entry for entry in sys.path if entry not in first + library_path]
    elif site_dir:
        installed = [site_dir]
    sys.path[:] = first + installed + [entry for entry in library_path if entry not in first]


def has_path_files(folder):
    """Whether installed packages add folders of their own, which is `site`'s business."""
    try:
        return any(name.endswith(".pth") for name in os.listdir(folder))
    except OSError:
        return False


def load(worker_dir, class_name):
    """Imports the worker and returns its class. Raises `Fault`, or what the worker's module raised."""
    path = os.path.join(worker_dir, "main.py")
    shown = os.path.join(*path.split(os.sep)[-3:])
    try:
        import main
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module 'main': {error}") from None
    except SyntaxError as error:
        where = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        raise Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module 'main': {error}", [where]) from None
    return find_class(main, class_name, shown)


def find_class(module, class_name, shown):
    """The class called `class_name`, else the only worker that the module defines itself."""
    found = getattr(module, class_name, None) if class_name else None
    if isinstance(found, type):
        return checked(found, shown)
    workers = [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Worker) and item.__module__ == module.__name__
    ]
    # A base class that another worker of the module builds on is not meant.
    leaves = [item for item in workers if not any(other is not item and issubclass(other, item) for other in workers)]
    if len(leaves) == 1:
        return checked(leaves[0], shown)
    wanted = f"class `{class_name}`" if class_name else "worker class"
    if leaves:
        names = ", ".join(f"`{item.__name__}`" for item in leaves)
        raise missing(f"no {wanted} in `{shown}`, and more than one worker to choose from: {names}")
    raise missing(f"no {wanted} in `{shown}`: write `class {class_name or 'MyWorker'}(Worker):` there")


def checked(found, shown):
    """`found`, if it can be called as a worker."""
    name = found.__name__
    if not callable(getattr(found, "handle", None)):
        raise missing(f"class `{name}` in `{shown}` is no worker: write `class {name}(Worker):`")
    if issubclass(found, Worker) and found.execute is Worker.execute and found.handle is Worker.handle:
        raise missing(f"class `{name}` in `{shown}` has no method `execute(self, event, context)`")
    return found


def missing(message):
    return Fault("Runtime.HandlerNotFound", message)
