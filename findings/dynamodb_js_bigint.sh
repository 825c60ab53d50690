#!/usr/bin/env bash
# guess: a number that the AWS SDK for JavaScript reads from DynamoDB is a `number`, as each number that it writes is, and an error
#   if it does not fit
# behaviour: the type depends on the value: an integer above 2^53 is a `BigInt`, so that arithmetic with a `number` and
#   `JSON.stringify`, also that of AWS's runtime for the response, throw an error once a counter has grown. A decimal is rounded
#   without a word, and one above 1.8e308 is `Infinity`. Written as a `number`, the same values are refused. boto3 always reads a
#   `Decimal` with all digits.
# version: @aws-sdk/util-dynamodb 3.996.9 (npm), boto3 1.43.106 (PyPI)
# date: 2026-11-30
# output:
#   JavaScript: number 9007199254740991, JSON {"views":9007199254740991}
#   JavaScript: bigint 9007199254740993, TypeError of JSON.stringify
#   JavaScript: number 0.12345678901234568, JSON {"views":0.12345678901234568}
#   boto3:      Decimal 9007199254740991
#   boto3:      Decimal 9007199254740993
#   boto3:      Decimal 0.12345678901234567890
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check boto3==1.43.106
npm install --silent --no-save --no-package-lock --ignore-scripts @aws-sdk/util-dynamodb@3.996.9 > /dev/null

cat > read.mjs <<'JAVASCRIPT'
import { unmarshall } from '@aws-sdk/util-dynamodb';

const json = (item) => {
  try {
    return `JSON ${JSON.stringify(item)}`;
  } catch (error) {
    return `${error.name} of JSON.stringify`;
  }
};
for (const N of process.argv.slice(2)) {
  const item = unmarshall({ views: { N } });
  console.log(`JavaScript: ${typeof item.views} ${item.views}, ${json(item)}`);
}
JAVASCRIPT
cat > read.py <<'PYTHON'
import sys

from boto3.dynamodb.types import TypeDeserializer

for number in sys.argv[1:]:
    value = TypeDeserializer().deserialize({"N": number})
    print("boto3:      %s %s" % (type(value).__name__, value))
PYTHON

numbers=(9007199254740991 9007199254740993 0.12345678901234567890)
seen=$(node read.mjs "${numbers[@]}"; venv/bin/python read.py "${numbers[@]}")
echo "$seen"
[ "$seen" = 'JavaScript: number 9007199254740991, JSON {"views":9007199254740991}
JavaScript: bigint 9007199254740993, TypeError of JSON.stringify
JavaScript: number 0.12345678901234568, JSON {"views":0.12345678901234568}
boto3:      Decimal 9007199254740991
boto3:      Decimal 9007199254740993
boto3:      Decimal 0.12345678901234567890' ]
