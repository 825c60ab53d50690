import requests
from bedrock.workers.worker import Worker


class SystemFetcher(Worker):
    def execute(self, event, context):
        response = requests.get("http://127.0.0.1:7878/api/systems")
        if response.status_code != 200:
            return False
        return response.json() # Or False, or True. It just needs to be loadable by json.loads()
