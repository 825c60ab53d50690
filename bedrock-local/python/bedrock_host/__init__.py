"""The host: a local process that keeps one Python worker loaded. `docs/src/host-protocol.md` specifies its protocol.

No user code imports this package, and it is not part of a zip for Lambda.
"""
