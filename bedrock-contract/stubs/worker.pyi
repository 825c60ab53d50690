# Written by `cargo bedrock contracts`. Do not edit.
from typing import Any

class Worker:
    """Base class of workers. An instance lives as long as its Lambda environment."""

    def execute(self, event: Any, context: Any) -> Any:
        """Handles one event: takes the decoded event and returns a value that JSON can represent."""
    def handle(self, event: Any, context: Any) -> Any:
        """Runs `execute` for one invocation, and waits for it if it is async."""
