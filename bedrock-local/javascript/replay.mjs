// Runs the code of a durable worker against a recorded execution: `node replay.mjs REQUEST REPORT`. `cargo bedrock replay`
// starts it. The recorded operations return their recorded results, no step runs, and nothing is sent: an operation that
// was not recorded never ends. When nothing is left to run, what the code did is written to the file REPORT.
//
// The SDK does not say which recorded operations the code has come to, so it is observed (observe_sdk.mjs). A version that
// cannot be observed is refused.
import { readFileSync, writeFileSync } from 'node:fs';
import { durableSdk } from './durable.mjs';
import { loadWorkerClass } from './load.mjs';
import { IS_OBSERVED, OBSERVER, observeSdk } from './observe_sdk.mjs';

const UNSUPPORTED =
  'this version of `@aws/durable-execution-sdk-js` cannot be observed: use 2.4.0, or a newer cargo bedrock';
const [requestPath, reportPath] = process.argv.slice(2);
const request = JSON.parse(readFileSync(requestPath, 'utf8'));
const recorded = new Set(request.operations.map((operation) => operation.Id));
const visited = new Set();
const started = new Map();
const mismatches = new Map();
const never = new Promise(() => {});

globalThis[OBSERVER] = (current, operation) => {
  if (operation?.Type === undefined) return;
  visited.add(operation.Id);
  const isSame =
    operation.Type === current.type &&
    operation.SubType === current.subType &&
    (operation.Name ?? undefined) === (current.name ?? undefined);
  if (!isSame) {
    const { type, name = null, subType = null } = current;
    mismatches.set(operation.Id, { id: operation.Id, parent_id: operation.ParentId ?? null, type, sub_type: subType, name });
  }
};

/** Takes the place of the client. Child contexts that end reach it, and operations that were not recorded. */
const client = {
  async getExecutionState() {
    return { Operations: [] };
  },
  async checkpoint({ Updates = [] }) {
    const added = Updates.filter(({ Action, Id }) => Action === 'START' && !recorded.has(Id));
    for (const { Id, ParentId = null, Type, SubType = null, Name = null } of added) {
      started.set(Id, { id: Id, parent_id: ParentId, type: Type, sub_type: SubType, name: Name });
    }
    if (added.length > 0) return never;
    const Operations = Updates.filter(({ Action }) => Action === 'SUCCEED' || Action === 'FAIL').map((update) => ({
      Id: update.Id,
      Type: update.Type,
      Status: update.Action === 'SUCCEED' ? 'SUCCEEDED' : 'FAILED',
      StartTimestamp: 0,
      ContextDetails: { Result: update.Payload, Error: update.Error },
    }));
    return { CheckpointToken: 'replay', NewExecutionState: { Operations } };
  },
};
const plugin = { wrapOperationAttemptFn: () => never };

function finish(outcome) {
  const lists = { visited: [...visited], started: [...started.values()], mismatches: [...mismatches.values()] };
  writeFileSync(reportPath, JSON.stringify({ ...lists, outcome }));
  process.exit(0);
}

function failed(error) {
  return {
    status: 'FAILED',
    error_type: error?.ErrorType ?? error?.name ?? 'Error',
    error_message: error?.ErrorMessage ?? error?.message ?? String(error),
  };
}

const context = {
  awsRequestId: '00000000-0000-4000-8000-000000000000',
  functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
  functionVersion: '$LATEST',
  getRemainingTimeInMillis: () => 900_000,
};

async function replay() {
  observeSdk();
  const WorkerClass = await loadWorkerClass(request.folder, request.class);
  const worker = new WorkerClass();
  const sdk = await durableSdk(request.folder);
  if (globalThis[IS_OBSERVED] !== true) {
    writeFileSync(reportPath, JSON.stringify({ unsupported: UNSUPPORTED }));
    process.exit(0);
  }
  const execute = sdk.withDurableExecution(
    (event, durable) => (typeof worker.handle === 'function' ? worker.handle(event, durable) : worker.execute(event, durable)),
    { durableExecutionClient: client, plugins: [plugin] },
  );
  const event = {
    DurableExecutionArn: request.arn,
    CheckpointToken: 'replay',
    InitialExecutionState: { Operations: request.operations, NextMarker: '' },
  };
  // An operation that was not recorded never ends: then there is nothing left to run.
  process.on('beforeExit', () => finish({ status: 'PENDING' }));
  const output = await execute(event, context);
  finish(output.Status === 'FAILED' ? failed(output.Error) : { status: output.Status });
}

replay().catch((error) => finish(failed(error)));
