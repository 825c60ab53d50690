/** The payload of a call. */
export type EventOf<N> = N extends keyof Workers ? Workers[N]['event'] : any;

/** The result of a call that waits for the response. */
export type ResponseOf<N> = N extends keyof Workers ? Workers[N]['response'] : any;

/**
 * Calls a worker by its name, or any Lambda function by its name or ARN. Resolves to undefined when the call is accepted,
 * or, with `requireResponse`, to the response.
 */
export function invoke<N extends keyof Workers | OtherFunction, R extends boolean = false>(
  nameOrArn: N,
  payload: EventOf<N>,
  requireResponse?: R,
): Promise<R extends true ? ResponseOf<N> : undefined>;
