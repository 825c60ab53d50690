"""Runs a durable worker in the local host."""

from bedrock.workers.durable import durable_handler


def durable(worker_class):
    """Returns a function that creates a worker whose `handle` the SDK calls for each replay."""

    class DurableWorker:
        execute = worker_class.execute  # its annotations are the contract

        def __init__(self):
            self.handle = durable_handler(worker_class().handle)

    return DurableWorker
