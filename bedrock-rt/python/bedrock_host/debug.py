"""debugpy in the host, when the app asks for it: `BEDROCK_DEBUG_PORT`, and `BEDROCK_DEBUGPY`, the folder it is in.

The folder is on the path while debugpy is imported and not longer: a worker must not find there what it would
not find on Lambda.
"""

import os
import sys


def listen():
    """Waits for a debugger in the background; gives what each further thread has to call, or None.

    debugpy follows threads that `threading` starts; those of the host are not started by it.
    """
    port = os.environ.pop("BEDROCK_DEBUG_PORT", None)
    folder = os.environ.pop("BEDROCK_DEBUGPY", None)
    if port is None or folder is None:
        return None
    # It would warn of files of ours that it cannot check.
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    sys.path.insert(0, folder)
    try:
        import debugpy

        debugpy.listen(("127.0.0.1", int(port)))
    finally:
        sys.path.remove(folder)
        os.environ.pop("PYDEVD_DISABLE_FILE_VALIDATION", None)
    return debugpy.debug_this_thread
