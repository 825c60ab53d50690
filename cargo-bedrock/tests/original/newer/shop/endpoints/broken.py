"""Somebody is at work here."""
class BrokenEndpoint(Endpoint:
