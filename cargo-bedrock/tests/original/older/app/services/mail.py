"""Sends mail by a function of its own."""
import json

import boto3

from app.config.config import parameters as config

TITLE = "lambdas"


def send(arn, body):
    arn = arn or config.get("lambdas", {}).get("mailer")
    boto3.client("lambda").invoke(FunctionName=arn, Payload=json.dumps(body))
