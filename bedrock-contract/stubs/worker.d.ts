/** The context of an invocation, as Lambda passes it. */
export interface Context {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly awsRequestId: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly clientContext?: any;
  readonly identity?: any;
  callbackWaitsForEmptyEventLoop?: boolean;
  getRemainingTimeInMillis(): number;
}

/** The base class of workers. */
export class Worker {
  execute(event: Contract['event'], context: Context): Promise<Contract['response']> | Contract['response'];
  handle(event: Contract['event'], context: Context): Promise<Contract['response']> | Contract['response'];
}

/** A failed call. `mayHaveRun` is false only if the worker certainly did not run. */
export class InvocationError extends Error {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: string[];
  readonly status: number | undefined;
  readonly mayHaveRun: boolean;
}

/** The name or the ARN of a function that is not a worker of this app. */
export type OtherFunction = `arn:${string}` | `${string}:${string}` | `${string}-${string}`;

