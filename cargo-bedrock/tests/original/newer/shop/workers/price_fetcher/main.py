"""Fetches the prices."""
from bedrock.workers.worker import Worker


class PriceFetcher(Worker):
    def execute(self, event, context):
        from bedrock.log import log_config

        return {"price": 1}
