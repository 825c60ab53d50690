#!/usr/bin/env bash
# guess: Powertools for Python and for TypeScript have the same idempotency keys, so that a function that is rewritten in the other
#   language, with the same name, table and payload, recognises what has already been done
# behaviour: nothing is recognised, and everything runs again: the Python key contains the module and the name of the handler, and
#   the hashes differ: Python writes hexadecimal and hashes JSON with spaces, TypeScript writes Base64 and hashes it without
# version: aws-lambda-powertools 3.37.0 with boto3 1.43.106 (PyPI), @aws-lambda-powertools/idempotency 2.35.0 (npm)
# date: 2026-11-30
# output:
#   Python:      pay.main.handler#6eb2eaafebaf2b196f754ea10756eaf4
#   TypeScript:  pay#Ej3d7Hbb3eyz12AJ7ZKn4A==
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check aws-lambda-powertools==3.37.0 boto3==1.43.106
npm install --silent --no-save --no-package-lock --ignore-scripts @aws-lambda-powertools/idempotency@2.35.0 > /dev/null
export AWS_LAMBDA_FUNCTION_NAME=pay

cat > main.py <<'PYTHON'
from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig, idempotent
from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer


class Printed(BasePersistenceLayer):
    """In place of the table: prints the key of the first record."""

    def _put_record(self, data_record):
        print(data_record.idempotency_key)

    def _get_record(self, idempotency_key):
        pass

    def _update_record(self, data_record):
        pass

    def _delete_record(self, data_record):
        pass


@idempotent(persistence_store=Printed(), config=IdempotencyConfig(event_key_jmespath="order"))
def handler(event, context):
    return {}
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { BasePersistenceLayer } from '@aws-lambda-powertools/idempotency/persistence';

// In place of the table: prints the key of the first record.
class Printed extends BasePersistenceLayer {
  async _putRecord(record) {
    console.log(record.idempotencyKey);
  }
  async _getRecord() {}
  async _updateRecord() {}
  async _deleteRecord() {}
}
const config = new IdempotencyConfig({ eventKeyJmesPath: 'order' });
const handler = makeIdempotent(async () => ({}), { persistenceStore: new Printed(), config });
await handler({ order: { id: 7, to: 'Ada' } }, { awsRequestId: '1', getRemainingTimeInMillis: () => 3000 });
JAVASCRIPT

python=$(venv/bin/python -c 'import main, types
context = types.SimpleNamespace(get_remaining_time_in_millis=lambda: 3000)
main.handler({"order": {"id": 7, "to": "Ada"}}, context)')
typescript=$(node main.mjs)
echo "Python:      $python"
echo "TypeScript:  $typescript"
[ "$python" = 'pay.main.handler#6eb2eaafebaf2b196f754ea10756eaf4' ]
[ "$typescript" = 'pay#Ej3d7Hbb3eyz12AJ7ZKn4A==' ]
