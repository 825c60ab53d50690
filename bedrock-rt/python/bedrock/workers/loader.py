"""Finds the worker: module `main` and the class in it. Errors are named as AWS's runtime names them.

The import path is the host's business, on Lambda the runtime's.
"""

from .faults import Fault
from .worker import Worker


def load(class_name, shown):
    """Imports the worker and returns its class. Raises `Fault`, or what the worker's module raised.

    `shown` is what messages call the worker's `main.py`.
    """
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
