"""The prices, for those who make them."""
from bedrock.endpoints.endpoint import Endpoint


class AdminPricesEndpoint(Endpoint):
    def __init__(self):
        super().__init__("/admin/prices")

    def post_global(self, event, context):
        return 201, {}
