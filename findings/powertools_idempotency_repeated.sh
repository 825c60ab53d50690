#!/usr/bin/env bash
# guess: a function with Powertools' idempotency answers a repeated request with the response of the first one
# behaviour: a number that the function read from DynamoDB, which boto3 makes a `Decimal`, is a number in the first response and a text in each
#   repeated one: Powertools stores the response as JSON in which a `Decimal` is a text, and AWS's runtime writes it as a number. A client
#   that reads the first answer refuses the second, which is the one after a timeout.
# version: aws-lambda-powertools 3.37.0, awslambdaric 4.2.2, moto 5.2.5, boto3 1.43.106 (PyPI)
# date: 2026-11-30
# output:
#   first:    {"order": "7", "total": 9.95}
#   repeated: {"order": "7", "total": "9.95"}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check aws-lambda-powertools==3.37.0 awslambdaric==4.2.2 'moto[dynamodb]==5.2.5' \
  boto3==1.43.106
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1 AWS_LAMBDA_FUNCTION_NAME=orders
unset AWS_PROFILE AWS_ENDPOINT_URL AWS_ENDPOINT_URL_DYNAMODB POWERTOOLS_IDEMPOTENCY_DISABLED

cat > main.py <<'PYTHON'
import types
from decimal import Decimal

import boto3
import moto
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, idempotent
from awslambdaric.lambda_runtime_marshaller import to_json


def create(name, key):
    attributes = [{"AttributeName": key, "AttributeType": "S"}]
    keys = [{"AttributeName": key, "KeyType": "HASH"}]
    return boto3.resource("dynamodb").create_table(
        TableName=name, AttributeDefinitions=attributes, KeySchema=keys, BillingMode="PAY_PER_REQUEST"
    )


with moto.mock_aws():
    create("idempotency", "id")
    orders = create("orders", "order")
    orders.put_item(Item={"order": "7", "total": Decimal("9.95")})

    @idempotent(persistence_store=DynamoDBPersistenceLayer(table_name="idempotency"))
    def handler(event, context):
        return orders.get_item(Key={"order": event["order"]})["Item"]

    context = types.SimpleNamespace(get_remaining_time_in_millis=lambda: 60000)
    for name in ["first:   ", "repeated:"]:
        print(name, to_json(handler({"order": "7"}, context)))
PYTHON

venv/bin/python main.py | tee seen
diff seen - <<'SEEN'
first:    {"order": "7", "total": 9.95}
repeated: {"order": "7", "total": "9.95"}
SEEN
