"""The program that keeps one Python worker warm on a laptop; `docs/src/host-protocol.md` is its contract.

Nothing in here is imported by user code, and nothing in here goes to Lambda.
"""
