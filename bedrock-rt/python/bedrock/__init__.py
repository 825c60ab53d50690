"""What Python workers of a bedrock app import; the same files run locally and on Lambda.

Kept empty on purpose: importing a worker must not pay for anything it does not use.
"""
