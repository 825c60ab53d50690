"""The planets of a system, and all planets."""
from bedrock.endpoints.endpoint import Endpoint


class PlanetsEndpoint(Endpoint):
    def __init__(self):
        super().__init__("planets", prefix="/systems/{systemId}", param="planetId")

    def get_global(self, event, context):
        return 200, []

    def get_single(self, event, context):
        return 200, {}

    def put_single(self, event, context):
        return 200, {}

    def delete_single(self, event, context):
        return 204, None

    def get_by_colour(self, event, context):
        return 200, []


class AllPlanetsEndpoint(Endpoint):
    def __init__(self):
        super().__init__(RESOURCE)

    def get_global(self, event, context):
        return 200, []
