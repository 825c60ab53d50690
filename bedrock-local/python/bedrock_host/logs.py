"""Adds the root handler of Lambda's Python runtime to `logging` when `logging` is first imported.

`logging` is not imported at the start, because that would double the start time of a worker that only prints. The
handler must exist before user code runs: that is why `logging.basicConfig` does nothing on Lambda.
"""

import os
import sys

from bedrock.workers.worker import CURRENT


class LoggingImportHook:
    """Import hook for the module `logging`."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(cls)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _Loader(spec.loader)
                return spec
        return None


class _Loader:
    """The real loader of `logging`, which also adds the handler."""

    def __init__(self, real):
        self._real = real

    def __getattr__(self, name):
        return getattr(self._real, name)

    def create_module(self, spec):
        return self._real.create_module(spec)

    def exec_module(self, module):
        self._real.exec_module(module)
        # Code that inspects the module later must not see this loader.
        module.__loader__ = module.__spec__.loader = self._real
        add_handler(module)


def watch():
    """Adds Lambda's handler to `logging` now or when it is imported."""
    if "logging" in sys.modules:
        add_handler(sys.modules["logging"])
    else:
        sys.meta_path.insert(0, LoggingImportHook)


def add_handler(logging):
    """Adds a handler with Lambda's format: `[LEVEL]\\tTIMESTAMP\\tREQUESTID\\tMESSAGE`."""
    import time

    class LambdaHandler(logging.Handler):
        def emit(self, record):
            try:
                # A single write, so that threads do not mix. `sys.stdout` is looked up here because workers may replace
                # it.
                sys.stdout.write(self.format(record))
            except Exception:
                self.handleError(record)

    class RequestId(logging.Filter):
        def filter(self, record):
            record.aws_request_id = getattr(CURRENT.get(), "aws_request_id", "")
            return True

    logging.Formatter.converter = time.gmtime
    handler = LambdaHandler()
    handler.setFormatter(
        logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S"
        )
    )
    handler.addFilter(RequestId())
    root = logging.getLogger()
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    if isinstance(logging.getLevelName(level), int):
        root.setLevel(level)
    root.addHandler(handler)
