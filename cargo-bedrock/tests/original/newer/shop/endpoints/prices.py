"""The prices."""
from bedrock.endpoints.endpoint import Endpoint
from bedrock.workers.invoker import invoke


class PricesEndpoint(Endpoint):
    def __init__(self):
        super().__init__("/prices")

    def get_global(self, event, context):
        return 200, invoke("price_fetcher", {}, True)
