"""Responds to HTTP requests to its function URL."""
import json

from bedrock.workers.worker import Worker


class PythonHttp(Worker):
    def execute(self, event, context):
        path = event["rawPath"]
        if path == "/raise":
            raise ValueError("requested failure")
        if path == "/plain":
            return {"plain": True}
        if path == "/bytes":
            return {"statusCode": 200, "body": "Ynl0ZXM=", "isBase64Encoded": True}
        return {
            "statusCode": 201,
            "headers": {"X-Worker": "python_http"},
            "cookies": ["a=1", "b=2"],
            "body": json.dumps(event),
        }
