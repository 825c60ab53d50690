"""An app of Bedrock for Python, from before 0.5.0."""
