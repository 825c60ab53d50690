// Makes calls of Lambda's API with the AWS SDK for JavaScript, as anybody would, and prints what came of each as a line
// of JSON. Argument: the folder of the SDK. Input: a JSON list of {"operation": "Invoke", "arguments": {…}}.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const calls = JSON.parse(readFileSync(0, 'utf8'));
const lambda = createRequire(`${process.argv[2]}/`)('@aws-sdk/client-lambda');
const client = new lambda.LambdaClient();

async function call({ operation, arguments: input }) {
  try {
    const answer = await client.send(new lambda[`${operation}Command`](input));
    if (operation !== 'Invoke') return answer;
    return {
      status: answer.StatusCode,
      failed: answer.FunctionError ?? null,
      version: answer.ExecutedVersion ?? null,
      id: answer.$metadata.requestId,
      payload: answer.Payload?.transformToString() ?? '',
      log: answer.LogResult === undefined ? null : Buffer.from(answer.LogResult, 'base64').toString(),
    };
  } catch (error) {
    return { exception: error.name, status: error.$metadata?.httpStatusCode, message: error.message };
  }
}

for (const answer of await Promise.all(calls.map(call))) console.log(JSON.stringify(answer));
