// Calls operations of Lambda's API with the AWS SDK for JavaScript, and prints each result as a line of JSON.
// Argument: the folder of the SDK. Input: a JSON list of {"operation": "Invoke", "arguments": {…}}.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const calls = JSON.parse(readFileSync(0, 'utf8'));
const lambda = createRequire(`${process.argv[2]}/`)('@aws-sdk/client-lambda');
const client = new lambda.LambdaClient();

async function call({ operation, arguments: input }) {
  try {
    const output = await client.send(new lambda[`${operation}Command`](input));
    if (operation !== 'Invoke') return output;
    return {
      status: output.StatusCode,
      failed: output.FunctionError ?? null,
      version: output.ExecutedVersion ?? null,
      id: output.$metadata.requestId,
      payload: output.Payload?.transformToString() ?? '',
      log: output.LogResult === undefined ? null : Buffer.from(output.LogResult, 'base64').toString(),
    };
  } catch (error) {
    return { exception: error.name, status: error.$metadata?.httpStatusCode, message: error.message };
  }
}

for (const result of await Promise.all(calls.map(call))) console.log(JSON.stringify(result));
