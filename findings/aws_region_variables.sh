#!/usr/bin/env bash
# guess: the AWS SDKs read the region from the same variables, so that a Python and a JavaScript program that are started with the same
#   environment use one region
# behaviour: boto3 reads only `AWS_DEFAULT_REGION` and the SDK for JavaScript only `AWS_REGION`. With two different values the two
#   programs write to two regions, and with one of the variables one of them fails, or takes the region of the profile. Lambda sets both.
# version: boto3 1.44.8 (PyPI), @aws-sdk/client-lambda 3.1164.0 (npm)
# date: 2026-11-30
# output:
#   AWS_REGION=eu-west-1:                               boto3: none, JavaScript: eu-west-1
#   AWS_DEFAULT_REGION=us-east-1:                       boto3: us-east-1, JavaScript: none
#   AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=us-east-1:  boto3: us-east-1, JavaScript: eu-west-1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check boto3==1.44.8
npm install --silent --no-save --no-package-lock --ignore-scripts @aws-sdk/client-lambda@3.1164.0 > /dev/null

cat > region.py <<'PYTHON'
import boto3
from botocore.exceptions import NoRegionError

try:
    print(boto3.client("lambda").meta.region_name)
except NoRegionError:
    print("none")
PYTHON
cat > region.mjs <<'JAVASCRIPT'
import { LambdaClient } from '@aws-sdk/client-lambda';

console.log(await new LambdaClient({}).config.region().catch(() => 'none'));
JAVASCRIPT

# Without the settings of whoever starts the script.
unset AWS_REGION AWS_DEFAULT_REGION AWS_PROFILE AWS_DEFAULT_PROFILE
export AWS_CONFIG_FILE="$folder/none" AWS_SHARED_CREDENTIALS_FILE="$folder/none" AWS_EC2_METADATA_DISABLED=true
row() {
  printf '%-51s boto3: %s, JavaScript: %s\n' "$*:" "$(env "$@" venv/bin/python region.py)" "$(env "$@" node region.mjs 2> log)"
}
{
  row AWS_REGION=eu-west-1
  row AWS_DEFAULT_REGION=us-east-1
  row AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=us-east-1
} | tee seen
diff seen - <<'SEEN'
AWS_REGION=eu-west-1:                               boto3: none, JavaScript: eu-west-1
AWS_DEFAULT_REGION=us-east-1:                       boto3: us-east-1, JavaScript: none
AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=us-east-1:  boto3: us-east-1, JavaScript: eu-west-1
SEEN
