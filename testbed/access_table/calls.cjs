// Sends the requests of an access table, signed by AWS's SDK for JavaScript.
const { createHash, createHmac } = require('node:crypto');
const { createRequire } = require('node:module');

const TARGETS = {
  dynamodb: ['DynamoDB_20120810', '1.0'],
  sqs: ['AmazonSQS', '1.0'],
  events: ['AWSEvents', '1.1'],
  kinesis: ['Kinesis_20131202', '1.1'],
  secretsmanager: ['secretsmanager', '1.1'],
  ssm: ['AmazonSSM', '1.1'],
  kms: ['TrentService', '1.1'],
  stepfunctions: ['AWSStepFunctions', '1.0'],
};
const SIGNING_NAMES = { stepfunctions: 'states', cloudwatch: 'monitoring', sesv2: 'ses' };
const ENDPOINTS = { sqs: 'SQS', s3: 'S3', sns: 'SNS', events: 'EVENTBRIDGE' };
const S3 = {
  PutObject: 'PUT', GetObject: 'GET', DeleteObject: 'DELETE', ListObjectsV2: 'GET', ListBuckets: 'GET', DeleteBucket: 'DELETE',
};

// Replaces each `$NAME` by the environment variable, or else by its value in `names`.
function expand(value, names) {
  if (Array.isArray(value)) return value.map((inner) => expand(inner, names));
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [expand(key, names), expand(inner, names)]));
  }
  if (typeof value !== 'string' || !value.startsWith('$')) return value;
  return process.env[value.slice(1)] || names[value.slice(1)];
}

// Returns method, path below the endpoint, query, headers and body.
function request({ service, operation }, input) {
  if (service === 's3') {
    const path = [input.Bucket, input.Key].filter(Boolean).join('/');
    const query = operation === 'ListObjectsV2' ? { 'list-type': '2' } : {};
    return { method: S3[operation], path: `/${path}`, query, headers: {}, body: input.Body };
  }
  if (service === 'sesv2') {
    const headers = { 'content-type': 'application/json' };
    return { method: 'POST', path: '/v2/email/outbound-emails', query: {}, headers, body: JSON.stringify(input) };
  }
  if (service in TARGETS) {
    const [target, version] = TARGETS[service];
    const headers = { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': `${target}.${operation}` };
    return { method: 'POST', path: '/', query: {}, headers, body: JSON.stringify(input) };
  }
  const body = new URLSearchParams({ Action: operation, Version: '2010-03-31', ...input }).toString();
  return { method: 'POST', path: '/', query: {}, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body };
}

function errorCode(response, text) {
  if (response.ok) return null;
  const header = response.headers.get('x-amzn-errortype');
  const inXml = /<Code>([^<]*)<\/Code>/.exec(text);
  if (inXml) return inXml[1];
  let type = header;
  try { type ??= JSON.parse(text).__type; } catch { /* not JSON */ }
  return (type ?? `status ${response.status}`).split('#').pop().split(':')[0];
}

async function call(signer, row, names) {
  const endpoint = process.env[`AWS_ENDPOINT_URL_${ENDPOINTS[row.service]}`] ?? process.env.AWS_ENDPOINT_URL;
  const { method, path, query, headers, body } = request(row, expand(row.arguments, names));
  const url = new URL(endpoint.replace(/\/$/, '') + path);
  const signed = await signer(SIGNING_NAMES[row.service] ?? row.service).sign({
    method, protocol: url.protocol, hostname: url.hostname, port: Number(url.port), path: url.pathname, query,
    headers: { host: url.host, ...headers }, body,
  });
  const search = new URLSearchParams(query).toString();
  const { host: _host, ...sent } = signed.headers;
  const response = await fetch(search ? `${url}?${search}` : url, { method, headers: sent, body });
  return errorCode(response, await response.text());
}

async function handler(event) {
  const { SignatureV4 } = createRequire(`${event.sdk}/`)('@smithy/signature-v4');
  // The SDK's interface for digests, over the module of Node.js.
  class Sha256 {
    constructor(key) { this.hash = key === undefined ? createHash('sha256') : createHmac('sha256', key); }
    update(data) { this.hash.update(data); }
    async digest() { return new Uint8Array(this.hash.digest()); }
  }
  const credentials = {
    accessKeyId: process.env.AWS_ACCESS_KEY_ID,
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
    sessionToken: process.env.AWS_SESSION_TOKEN,
  };
  const signer = (service) => new SignatureV4({ service, region: process.env.AWS_REGION, credentials, sha256: Sha256 });
  const codes = [];
  for (const row of event.rows) codes.push(await call(signer, row, event.names));
  return codes;
}

module.exports = { handler };
