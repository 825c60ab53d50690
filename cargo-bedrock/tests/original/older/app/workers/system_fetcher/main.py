"""Fetches the systems."""
from bedrock.workers.worker import Worker


class SystemFetcher(Worker):
    def execute(self, event, context):
        return [{"name": "Sol"}]
