// Tests of `resource` of worker.js, with the same cases as the tests of `bedrock-rt/src/config.rs`.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { WORKER_JS } from './driver.mjs';

process.env.BEDROCK_LOCAL = '1';
const { resource } = createRequire(import.meta.url)(WORKER_JS);
Object.assign(process.env, {
  AWS_LAMBDA_FUNCTION_NAME: 'my-app-prod-resizer',
  MY_APP_TABLE_ORDERS: 'my-app-prod-orders',
  MY_APP_QUEUE_URL_BIG_JOBS: 'https://jobs',
  MY_APP_PARAMETER_SHOP_FLAGS: '/shop/flags',
  OTHER_TABLE_PICTURES: 'theirs',
});

test('resources are found by kind and name', () => {
  assert.equal(resource('table', 'orders'), 'my-app-prod-orders');
  assert.equal(resource('table', 'arn:aws:dynamodb:eu-west-1:1:table/orders'), 'my-app-prod-orders');
  assert.equal(resource('queue', 'big-jobs'), 'https://jobs');
  assert.equal(resource('parameter', '/shop/flags'), '/shop/flags');
});

test('unknown resources are errors with the setting', () => {
  const unknown = [['table', 'others'], ['mode', ''], ['bucket', 'orders'], ['table', 'pictures'], ['toString', '']];
  for (const [kind, name] of unknown) {
    assert.throws(() => resource(kind, name), /add it to `uses` in its settings/);
  }
});
