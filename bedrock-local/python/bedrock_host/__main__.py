"""Entry point of the host: `PYTHON -I -S -X pycache_prefix=DIR PATH/bedrock_host/__main__.py`.

Only finds its own package, because this file is compiled on every start, while the modules are cached.
"""

import sys

# `multiprocessing` runs this file again, with another module name, in the processes that a worker spawns.
if __name__ == "__main__":
    sys.path.insert(0, __file__.rpartition("/bedrock_host/")[0] or ".")
    from bedrock_host.host import main

    main()
