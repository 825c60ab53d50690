"""The root handler that Lambda's Python runtime gives `logging`, put there when `logging` is first imported.

Not imported up front, because it would double the start of a worker that only prints. But early enough:
on Lambda the handler is there before user code, which is why `logging.basicConfig` does nothing.
"""

import os
import sys

from bedrock.workers.current import CURRENT


class Hook:
    """An import hook for one name, `logging`."""

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
    """The real loader of `logging`, which also installs the handler."""

    def __init__(self, real):
        self._real = real

    def __getattr__(self, name):
        return getattr(self._real, name)

    def create_module(self, spec):
        return self._real.create_module(spec)

    def exec_module(self, module):
        self._real.exec_module(module)
        # Whoever looks at the module later finds it as if we had never been here.
        module.__loader__ = module.__spec__.loader = self._real
        add_handler(module)


def watch():
    """Makes sure that `logging` has Lambda's handler, whenever it gets imported."""
    if "logging" in sys.modules:
        add_handler(sys.modules["logging"])
    else:
        sys.meta_path.insert(0, Hook)


def add_handler(logging):
    """Lambda's format: `[LEVEL]\\tTIMESTAMP\\tREQUESTID\\tMESSAGE`."""
    import time

    class LambdaHandler(logging.Handler):
        def emit(self, record):
            try:
                # In one write, so that threads do not mix; `sys.stdout` is looked up because workers replace it.
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
