"""The star systems."""
from bedrock.endpoints.endpoint import Endpoint
from bedrock.exceptions.not_found_exception import NotFoundException
from bedrock.workers.invoker import invoke

from app.config.config import parameters as config
from app.services.mail import send


class SystemsEndpoint(Endpoint):
    def __init__(self):
        super().__init__("/systems")

    def get_global(self, event, context):
        response = invoke("system_fetcher", {}, True)
        if response:
            return 200, response
        return 500, {"error": "Failed to invoke worker"}

    def get_single(self, event, context):
        system = load(event["pathParameters"]["id"])
        if not system:
            raise NotFoundException("no such system")
        return 200, system

    def post_global(self, event, context):
        send(config["lambdas"]["mailer"], event["body"])
        return 201, {}


def load(uuid):
    return {"uuid": uuid, "name": "Sol"}
