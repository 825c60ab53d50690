"""Sends the requests of an access table with boto3. Blobs in the table are Base64, as in JSON."""

import base64
import os

# Parameters of KMS that are bytes.
BLOBS = {"CiphertextBlob", "Message", "Plaintext", "Signature"}


def expand(value, names):
    """Replaces each `$NAME` by the environment variable, or else by its value in `names`."""
    if isinstance(value, dict):
        return {
            expand(key, names): expand(inner, names) for key, inner in value.items()
        }
    if isinstance(value, list):
        return [expand(inner, names) for inner in value]
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    return os.environ.get(value[1:]) or names[value[1:]]


def call(row, names):
    """Returns the code of the error, or `None`."""
    import boto3
    from botocore import xform_name
    from botocore.config import Config
    from botocore.exceptions import ClientError

    client = boto3.client(
        row["service"], config=Config(retries={"total_max_attempts": 1})
    )
    arguments = expand(row["arguments"], names)
    if row["service"] == "kinesis" and "Data" in arguments:
        arguments["Data"] = base64.b64decode(arguments["Data"])
    if row["service"] == "kms":
        for name in BLOBS & arguments.keys():
            arguments[name] = base64.b64decode(arguments[name])
    if row["service"] == "sesv2":
        arguments["Content"] = {
            "Raw": {"Data": base64.b64decode(arguments["Content"]["Raw"]["Data"])}
        }
    try:
        getattr(client, xform_name(row["operation"]))(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def handler(event, context):
    return [call(row, event["names"]) for row in event["rows"]]
