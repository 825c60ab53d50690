from bedrock.workers.worker import Worker


class TypedPython(Worker):
    def execute(self, event, context):
        return event
