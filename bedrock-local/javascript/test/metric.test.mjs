// Tests of `putMetric` of worker.js, with the same cases as the tests of `bedrock-rt/src/metric.rs`.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { WORKER_JS } from './driver.mjs';

process.env.BEDROCK_LOCAL = '1';
process.env.AWS_LAMBDA_FUNCTION_NAME = 'shop-local-mailer';
const { putMetric } = createRequire(import.meta.url)(WORKER_JS);

/** Returns what a function writes to standard output. */
function printed(run) {
  const { write } = process.stdout;
  let text = '';
  process.stdout.write = (chunk) => {
    text += chunk;
    return true;
  };
  try {
    run();
  } finally {
    process.stdout.write = write;
  }
  return text;
}

test('metric is one line in the embedded metric format', () => {
  const text = printed(() => putMetric('OrderValue', 12.5, { unit: 'Count', dimensions: { Kind: 'book' } }));
  assert.match(text, /^[^\n]*\n$/);
  const metric = JSON.parse(text);
  assert.ok(Number.isInteger(metric._aws.Timestamp) && metric._aws.Timestamp > 1_700_000_000_000);
  delete metric._aws.Timestamp;
  assert.deepEqual(metric, {
    _aws: {
      CloudWatchMetrics: [
        {
          Namespace: 'shop',
          Dimensions: [['FunctionName', 'Kind']],
          Metrics: [{ Name: 'OrderValue', Unit: 'Count' }],
        },
      ],
    },
    FunctionName: 'shop-local-mailer',
    Kind: 'book',
    OrderValue: 12.5,
  });
});

test('metric needs only a name and a value', () => {
  const metric = JSON.parse(printed(() => putMetric('Orders', 1)));
  assert.deepEqual(metric._aws.CloudWatchMetrics[0].Metrics, [{ Name: 'Orders', Unit: 'None' }]);
  assert.equal(metric.Orders, 1);
});

test('what CloudWatch would drop is an error', () => {
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, number) => [`d${number}`, 'x']));
  const wrong = [
    ['', 1],
    [1, 1],
    ['x'.repeat(256), 1],
    ['_aws', 1],
    ['FunctionName', 1],
    ['Kind', 1, { dimensions: { Kind: 'book' } }],
    ['Orders', NaN],
    ['Orders', Infinity],
    ['Orders', '1'],
    ['Orders', 1, { unit: 'count' }],
    ['Orders', 1, { dimension: { Kind: 'book' } }],
    ['Orders', 1, { dimensions: { '': 'x' } }],
    ['Orders', 1, { dimensions: { FunctionName: 'x' } }],
    ['Orders', 1, { dimensions: { Kind: '' } }],
    ['Orders', 1, { dimensions: { Kind: 1 } }],
    ['Orders', 1, { dimensions: { Kind: 'x'.repeat(1025) } }],
    ['Orders', 1, { dimensions: many }],
  ];
  for (const [name, value, options] of wrong) {
    const text = printed(() => assert.throws(() => putMetric(name, value, options), RangeError, `${name} ${value}`));
    assert.equal(text, '');
  }
});
