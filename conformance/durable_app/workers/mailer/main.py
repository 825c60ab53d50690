from bedrock.workers.worker import Worker


class Mailer(Worker):
    def execute(self, event, context):
        return {"mailed": event}
