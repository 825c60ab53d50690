from bedrock.workers.worker import Worker


class Journal(Worker):
    """Keeps the answers of the chat."""

    def execute(self, event, context):
        print(event["answer"])
