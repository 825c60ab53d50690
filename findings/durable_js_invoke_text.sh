#!/usr/bin/env bash
# guess: `context.invoke(function, input)` of AWS's durable SDK for JavaScript calls the function with the input, whatever
#   the input is
# behaviour: an input that is a text is taken for the name of the function, and the function for the name of the step:
#   `invoke` has two forms, and the second argument decides by being a text. With a name first, or `undefined` in its place,
#   texts are inputs.
# version: @aws/durable-execution-sdk-js 2.4.0 (npm)
# date: 2026-11-30
# output:
#   invoke('mailer', { to: 'Ada' })        calls mailer with {"to":"Ada"}
#   invoke('mailer', 'Ada')                calls Ada with nothing
#   invoke(undefined, 'mailer', 'Ada')     calls mailer with "Ada"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @aws/durable-execution-sdk-js@2.4.0 > /dev/null

cat > called.mjs <<'JAVASCRIPT'
import { withDurableExecution } from '@aws/durable-execution-sdk-js';

// In place of Lambda: prints the first call of another function.
const durableExecutionClient = {
  getExecutionState: async () => ({ Operations: [] }),
  checkpoint: async ({ Updates = [] }) => {
    for (const { Type, Payload, ChainedInvokeOptions } of Updates) {
      if (Type !== 'CHAINED_INVOKE') continue;
      console.log(`calls ${ChainedInvokeOptions.FunctionName} with ${Payload ?? 'nothing'}`);
      process.exit();
    }
    return { CheckpointToken: 'next', NewExecutionState: { Operations: [] } };
  },
};
const calls = {
  object: (context) => context.invoke('mailer', { to: 'Ada' }),
  text: (context) => context.invoke('mailer', 'Ada'),
  named: (context) => context.invoke(undefined, 'mailer', 'Ada'),
};
const handler = withDurableExecution((event, context) => calls[process.argv[2]](context), { durableExecutionClient });
const arn = 'arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/a/b';
const execution = {
  Id: 'b',
  Type: 'EXECUTION',
  Status: 'STARTED',
  StartTimestamp: new Date(),
  ExecutionDetails: { InputPayload: '{}' },
};
await handler(
  { DurableExecutionArn: arn, CheckpointToken: 'first', InitialExecutionState: { Operations: [execution] } },
  { awsRequestId: '1', getRemainingTimeInMillis: () => 60_000 },
);
JAVASCRIPT

object=$(node called.mjs object)
text=$(node called.mjs text)
named=$(node called.mjs named)
echo "invoke('mailer', { to: 'Ada' })        $object"
echo "invoke('mailer', 'Ada')                $text"
echo "invoke(undefined, 'mailer', 'Ada')     $named"
[ "$object" = 'calls mailer with {"to":"Ada"}' ]
[ "$text" = 'calls Ada with nothing' ]
[ "$named" = 'calls mailer with "Ada"' ]
