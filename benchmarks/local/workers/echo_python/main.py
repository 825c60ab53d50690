from bedrock.workers.worker import Worker


class EchoPython(Worker):
    def execute(self, event, context):
        return event
