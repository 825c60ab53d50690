"""Loads the worker: the module `main` and the class in it. Errors are named as AWS's runtime names them.

The import path is set by the host, on Lambda by the runtime. There, `bedrock.bootstrap` imports this only for unusual workers.
"""

import os

from .identity import PATH, has_callees, identity
from .runtime_errors import LambdaRuntimeError
from .worker import Worker


def load(class_name, display_path):
    """Imports the worker and returns its class. Raises `LambdaRuntimeError`, or the exception of the worker's module.

    `display_path` is the path of the worker's `main.py` in messages.
    """
    try:
        import main
    except (ImportError, SyntaxError) as error:
        raise import_error(error) from None
    return find_class(main, class_name, display_path)


def import_error(error):
    """Returns the error of a module `main` whose import raised `error`."""
    if isinstance(error, ImportError):
        return LambdaRuntimeError("Runtime.ImportModuleError", f"Unable to import module 'main': {error}")
    where = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
    return LambdaRuntimeError("Runtime.UserCodeSyntaxError", f"Syntax error in module 'main': {error}", [where])


def find_class(module, class_name, display_path):
    """Returns the class `class_name`, otherwise the only worker class that the module itself defines."""
    worker_class = getattr(module, class_name, None) if class_name else None
    if isinstance(worker_class, type):
        return check_worker_class(worker_class, display_path)
    workers = [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Worker) and item.__module__ == module.__name__
    ]
    # A base class of another worker of the module is not a candidate.
    leaves = [item for item in workers if not any(other is not item and issubclass(other, item) for other in workers)]
    if len(leaves) == 1:
        return check_worker_class(leaves[0], display_path)
    description = f"class `{class_name}`" if class_name else "worker class"
    if leaves:
        names = ", ".join(f"`{item.__name__}`" for item in leaves)
        raise handler_not_found(f"no {description} in `{display_path}`, and more than one worker class: {names}")
    example = f"class {class_name or 'MyWorker'}(Worker):"
    raise handler_not_found(f"no {description} in `{display_path}`: write `{example}` there")


def check_worker_class(worker_class, display_path):
    """Returns `worker_class` if it can be called as a worker."""
    name = worker_class.__name__
    if not callable(getattr(worker_class, "handle", None)):
        raise handler_not_found(f"class `{name}` in `{display_path}` is not a worker: write `class {name}(Worker):`")
    is_subclass = issubclass(worker_class, Worker)
    if is_subclass and worker_class.execute is Worker.execute and worker_class.handle is Worker.handle:
        raise handler_not_found(f"class `{name}` in `{display_path}` has no method `execute(self, event, context)`")
    return worker_class


def handler_not_found(message):
    return LambdaRuntimeError("Runtime.HandlerNotFound", message)


def require_identity():
    """Returns the identity of the worker. Raises an error if the zip has none."""
    worker_info = identity()
    if worker_info is None:
        message = f"Unable to import module 'main': there is no `{PATH}`"
        raise LambdaRuntimeError("Runtime.ImportModuleError", message)
    return worker_info


def prepare(worker_info, handle):
    """Returns `handle` with what the function asks for, and creates the client if it calls others."""
    handle = _checked(handle)
    if worker_info.get("durable"):
        from .durable import durable_handler

        handle = durable_handler(handle)
    if has_callees():
        from .lambda_api import create_client_early

        create_client_early()
    return handle


def _checked(handle):
    """Returns `handle` with checks of event and response, if the function asks for them and has a contract."""
    path = os.path.join(os.environ.get("LAMBDA_TASK_ROOT", "."), "contract.json")
    if os.environ.get("BEDROCK_CHECK_CONTRACTS") != "1" or not os.path.exists(path):
        return handle
    # Only then is it in the zip.
    from .contract import load as load_contract

    contract = load_contract(path)

    def checked_handle(event, context):
        contract.check("event", event)
        response = handle(event, context)
        contract.check("response", response)
        return response

    return checked_handle
