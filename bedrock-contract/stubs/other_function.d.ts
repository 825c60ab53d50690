/** The name or the ARN of a function that is not a worker of this app. */
export type OtherFunction = `arn:${string}` | `${string}:${string}` | `${string}-${string}`;

