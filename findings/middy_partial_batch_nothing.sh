#!/usr/bin/env bash
# guess: a handler of a queue that ends without an error has processed its messages, also with the middleware for partial failures
#   around it
# behaviour: if it does not return the list of `Promise.allSettled`, the middleware fails in its own code, catches that as if the
#   handler had failed, and reports every message of the batch, so that all of them are delivered again until they are in the
#   dead-letter queue. Powertools, which calls the handler for each message, reports none.
# version: @middy/core and @middy/sqs-partial-batch-failure 6.4.5, @aws-lambda-powertools/batch 2.35.0 (npm)
# date: 2026-11-30
# output:
#   middy, returns allSettled(…): {"batchItemFailures":[]}
#   middy, returns nothing:       {"batchItemFailures":[{"itemIdentifier":"1"},{"itemIdentifier":"2"}]}
#   Powertools, returns nothing:  {"batchItemFailures":[]}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --no-package-lock --ignore-scripts @middy/core@6.4.5 @middy/sqs-partial-batch-failure@6.4.5 \
  @aws-lambda-powertools/batch@2.35.0 > /dev/null

cat > main.mjs <<'JAVASCRIPT'
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import middy from '@middy/core';
import partialFailures from '@middy/sqs-partial-batch-failure';

const done = [];
const process = async (record) => {
  done.push(record.messageId);
};
const handlers = {
  settled: middy()
    .use(partialFailures())
    .handler((event) => Promise.allSettled(event.Records.map(process))),
  nothing: middy()
    .use(partialFailures())
    .handler(async (event) => {
      for (const record of event.Records) await process(record);
    }),
  powertools: (event, context) => processPartialResponse(event, process, new BatchProcessor(EventType.SQS), { context }),
};
const records = ['1', '2'].map((messageId) => ({
  messageId,
  receiptHandle: 'r',
  body: 'hello',
  attributes: {},
  messageAttributes: {},
  md5OfBody: '5d41402abc4b2a76b9719d911017c592',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:us-east-1:123456789012:jobs',
  awsRegion: 'us-east-1',
}));
const context = { getRemainingTimeInMillis: () => 3000 };
const response = await handlers[globalThis.process.argv[2]]({ Records: records }, context);
if (done.join() !== '1,2') throw new Error(`processed ${done}`);
console.log(JSON.stringify(response));
JAVASCRIPT

settled=$(node main.mjs settled)
nothing=$(node main.mjs nothing 2> /dev/null)
powertools=$(node main.mjs powertools)
echo "middy, returns allSettled(…): $settled"
echo "middy, returns nothing:       $nothing"
echo "Powertools, returns nothing:  $powertools"
[ "$settled" = '{"batchItemFailures":[]}' ]
[ "$nothing" = '{"batchItemFailures":[{"itemIdentifier":"1"},{"itemIdentifier":"2"}]}' ]
[ "$powertools" = '{"batchItemFailures":[]}' ]
