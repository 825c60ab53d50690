"""Starts debugpy in the host if the app sets `BEDROCK_DEBUG_PORT` and `BEDROCK_DEBUGPY`, the folder of debugpy.

The folder is on the path only while debugpy is imported: a worker must not find modules there that it would not find on
Lambda.
"""

import os
import sys


def listen():
    """Listens for a debugger in the background. Returns the function that each further thread has to call, or None.

    debugpy follows threads that `threading` starts, but the host starts its threads without it.
    """
    port = os.environ.pop("BEDROCK_DEBUG_PORT", None)
    folder = os.environ.pop("BEDROCK_DEBUGPY", None)
    if port is None or folder is None:
        return None
    # Suppresses a warning about host files that it cannot check.
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    sys.path.insert(0, folder)
    try:
        import debugpy

        debugpy.listen(("127.0.0.1", int(port)))
    finally:
        sys.path.remove(folder)
        os.environ.pop("PYDEVD_DISABLE_FILE_VALIDATION", None)
    return debugpy.debug_this_thread
