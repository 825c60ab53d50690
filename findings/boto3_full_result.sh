#!/usr/bin/env bash
# guess: `build_full_result()` of a paginator of boto3 returns what one call would that had no pages: the items, how many they are, and what
#   they cost
# behaviour: it adds up `Count` and `ScannedCount`, and returns `ConsumedCapacity` of the first page only, so that a scan of many pages seems to
#   cost as much as one. With `MaxItems` it returns that many items, and the `Count` of all items that the pages had. The pages
#   themselves have the right values.
# version: boto3 1.43.106 (PyPI)
# date: 2026-11-30
# output:
#   the pages:           5 items, count 5, scanned 15, capacity 8.0
#   build_full_result:   5 items, count 5, scanned 15, capacity 1.0
#   with MaxItems of 2:  2 items, count 3, scanned 10, capacity 1.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check boto3==1.43.106
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1
unset AWS_PROFILE

cat > main.py <<'PYTHON'
import boto3
from botocore.stub import Stubber


def page(count, scanned, capacity, **rest):
    items = [{"id": {"S": str(number)}} for number in range(count)]
    consumed = {"TableName": "orders", "CapacityUnits": capacity}
    return {"Items": items, "Count": count, "ScannedCount": scanned, "ConsumedCapacity": consumed, **rest}


def scan(**config):
    """Starts a scan of a table that DynamoDB answers in two pages."""
    dynamodb = boto3.client("dynamodb")
    stubber = Stubber(dynamodb)
    stubber.add_response("scan", page(3, 10, 1.0, LastEvaluatedKey={"id": {"S": "2"}}))
    stubber.add_response("scan", page(2, 5, 7.0))
    stubber.activate()
    paginator = dynamodb.get_paginator("scan")
    return paginator.paginate(TableName="orders", ReturnConsumedCapacity="TOTAL", PaginationConfig=config)


def show(name, *results):
    items, count, scanned = (sum(values) for values in zip(*((len(r["Items"]), r["Count"], r["ScannedCount"]) for r in results)))
    capacity = sum(result["ConsumedCapacity"]["CapacityUnits"] for result in results)
    print("%-20s %d items, count %d, scanned %d, capacity %s" % (name, items, count, scanned, capacity))


show("the pages:", *scan())
show("build_full_result:", scan().build_full_result())
show("with MaxItems of 2:", scan(MaxItems=2).build_full_result())
PYTHON

venv/bin/python main.py | tee seen
diff seen - <<'SEEN'
the pages:           5 items, count 5, scanned 15, capacity 8.0
build_full_result:   5 items, count 5, scanned 15, capacity 1.0
with MaxItems of 2:  2 items, count 3, scanned 10, capacity 1.0
SEEN
