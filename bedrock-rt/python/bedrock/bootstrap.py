"""The entry of a Python worker on Lambda, `bedrock.bootstrap.handler`: loads the worker as the local host does.

AWS's runtime around it reads events, writes answers and reports errors. It leaves files of this name out of the
beginning of a stack trace, so that the trace begins in the worker's own file.
"""

import sys

from .workers.faults import Fault, described, user_frames
from .workers.identity import PATH, identity
from .workers.lambda_api import prepare
from .workers.loader import load


def handler(event, context):
    """What Lambda calls for each event."""
    try:
        return _worker.handle(event, context)
    except Exception as error:
        raise error.with_traceback(user_frames(error.__traceback__))


def _start():
    """The worker of this environment. What goes wrong has the same type, message and trace as on a laptop."""
    try:
        about = identity()
        if about is None:
            raise Fault("Runtime.ImportModuleError", f"Unable to import module 'main': there is no `{PATH}`")
        worker = load(about["class"], "main.py")()
        prepare()
        return worker
    except Exception as error:
        raise _told(error) from None


def _told(error):
    """`error` as the exception that AWS's runtime takes type, message and trace from."""
    kind, message, trace = described(error)
    # Not imported: under another runtime it would not be the one that catches.
    runtime = sys.modules.get("awslambdaric.lambda_runtime_exception")
    if runtime is not None:
        return runtime.FaultException(kind, message, trace)
    return type(kind, (Exception,), {})(message) if isinstance(error, Fault) else error


_worker = _start()
