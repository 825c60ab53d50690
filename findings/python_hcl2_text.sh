#!/usr/bin/env bash
# guess: a library that parses Terraform's language returns the values: `orders` for `function_name = "orders"`, in a dictionary whose keys are
#   the type and the name of the resource
# behaviour: python-hcl2 returns the source text of each string, with its quotes and escapes, and of a heredoc with its `<<-POLICY` and
#   indentation; also the keys of a block have quotes in them. `SerializationOptions(strip_string_quotes=True, preserve_heredocs=False)`
#   returns the values of strings; a heredoc then has a backslash before each quote and no last line break, so that its JSON is not valid.
#   hcl2json, which is HashiCorp's parser, returns the values.
# version: python-hcl2 8.1.4 (PyPI), @cdktf/hcl2json 0.21.0 (npm)
# date: 2026-11-30
# output:
#   python-hcl2               keys ["\"aws_lambda_function\""], name "\"orders\"", policy "\"<<-POLICY\n      {\n        \"a\": 1\n      }\n      POLICY\""
#   python-hcl2 with options  keys ["aws_lambda_function"], name "orders", policy "{\n  \\\"a\\\": 1\n}"
#   hcl2json                  keys ["aws_lambda_function"], name "orders", policy "{\n  \"a\": 1\n}\n"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check python-hcl2==8.1.4
npm install --silent --no-save --no-package-lock --ignore-scripts @cdktf/hcl2json@0.21.0 > /dev/null

cat > main.tf <<'HCL'
resource "aws_lambda_function" "orders" {
  function_name = "orders"
  policy        = <<-POLICY
      {
        "a": 1
      }
      POLICY
}
HCL
cat > main.py <<'PYTHON'
import json

import hcl2
from hcl2.utils import SerializationOptions

with open("main.tf") as file:
    text = file.read()


def show(name, **options):
    (resource,) = hcl2.loads(text, **options)["resource"]
    (function,) = next(iter(resource.values())).values()
    kind, function_name, policy = map(json.dumps, (list(resource), function["function_name"], function["policy"]))
    print("%-25s keys %s, name %s, policy %s" % (name, kind, function_name, policy))


show("python-hcl2")
options = SerializationOptions(strip_string_quotes=True, preserve_heredocs=False)
show("python-hcl2 with options", serialization_options=options)
PYTHON
cat > main.cjs <<'JAVASCRIPT'
const { readFileSync } = require('node:fs');
const { parse } = require('@cdktf/hcl2json');

parse('main.tf', readFileSync('main.tf', 'utf8')).then(({ resource }) => {
  const [{ function_name, policy }] = resource.aws_lambda_function.orders;
  const [kind, name, text] = [Object.keys(resource), function_name, policy].map((value) => JSON.stringify(value));
  console.log(`${'hcl2json'.padEnd(25)} keys ${kind}, name ${name}, policy ${text}`);
});
JAVASCRIPT

{
  venv/bin/python main.py
  node main.cjs
} | tee seen
diff seen - <<'SEEN'
python-hcl2               keys ["\"aws_lambda_function\""], name "\"orders\"", policy "\"<<-POLICY\n      {\n        \"a\": 1\n      }\n      POLICY\""
python-hcl2 with options  keys ["aws_lambda_function"], name "orders", policy "{\n  \\\"a\\\": 1\n}"
hcl2json                  keys ["aws_lambda_function"], name "orders", policy "{\n  \"a\": 1\n}\n"
SEEN
