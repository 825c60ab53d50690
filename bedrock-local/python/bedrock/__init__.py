"""Package that the Python workers of a Bedrock app import. The same files run locally and on Lambda.

Empty on purpose, so that importing a worker does not load modules that it does not use.
"""
