from bedrock.workers.invoker import invoke
from bedrock.workers.worker import Worker


class SystemCounter(Worker):
    """Counts the systems and planets in the response of a Rust worker."""

    def execute(self, event, context):
        systems = invoke("distance_ranker", {"most": 100}, True)
        return {
            "systems": len(systems),
            "planets": sum(system["planets"] for system in systems),
        }
