"""Entry point of a Python worker on Lambda, `bedrock.bootstrap.handler`. Loads the worker like the local host does.

AWS's runtime calls it, reads events, writes responses and reports errors. The runtime removes files with this name from
the beginning of a stack trace, so that the trace begins in the worker's own file.
"""

import json
import os

# That of `identity`.
VERSION = 1

# A cold start compiles each module that it imports: what few functions need, and errors, are imported where they are needed.


def handler(event, context):
    """Handles one event."""
    try:
        return _handle(event, context)
    except Exception as error:
        raise _from_user_frames(error)


def _from_user_frames(error):
    """Prints the causes of `error`; returns it without frames before the user's code."""
    try:
        from .workers.runtime_errors import print_causes, user_frames
    except Exception:
        return error  # the worker has left no file descriptor to read the module, for example
    print_causes(error)
    return error.with_traceback(user_frames(error.__traceback__))


def _start():
    """Returns the `handle` of this environment's worker. Errors have the same type, message and trace as locally."""
    try:
        worker_info = _identity()
        handle = _worker_class(worker_info)().handle
        if "BEDROCK_CHECK_CONTRACTS" in os.environ or "durable" in worker_info or "_WORKER_ARN_" in "".join(os.environ):
            from .workers.loader import prepare

            handle = prepare(worker_info, handle)
        return handle
    except Exception as error:
        from .workers.runtime_errors import for_aws_runtime

        raise for_aws_runtime(error) from None


def _identity():
    """Returns what `identity` returns, which is imported if there is no such file, or one of another version."""
    try:
        with open(os.path.join(os.path.dirname(os.path.dirname(__file__)), "bedrock.json"), encoding="utf-8") as file:
            content = json.load(file)
        if content["version"] == VERSION:
            return content
    except (KeyError, OSError, ValueError):
        pass  # reported by `identity`
    from .workers.loader import require_identity

    return require_identity()


def _worker_class(worker_info):
    """Imports the worker and returns its class, like `load` of the loader, which does it for unusual workers."""
    try:
        import main
    except (ImportError, SyntaxError) as error:
        from .workers.loader import import_error

        raise import_error(error) from None
    found = getattr(main, worker_info["class"], None)
    if isinstance(found, type) and "execute" in vars(found) and callable(getattr(found, "handle", None)):
        return found
    from .workers.loader import find_class

    return find_class(main, worker_info["class"], "main.py")


_handle = _start()
