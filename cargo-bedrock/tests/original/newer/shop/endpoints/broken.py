"""Unfinished work."""
class BrokenEndpoint(Endpoint:
