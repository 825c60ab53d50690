// The functions of workers on Lambda. The same rule as in worker.js, which workers have in their own folder.

/**
 * Returns the ARN or function name of a worker of this app; any other name or ARN is returned unchanged. The ARN is in
 * `[APP]_WORKER_ARN_[NAME]`. If the environment had no space for it, the name follows from the name of this function by
 * the naming rule `app-stage-worker`.
 */
export function functionName({ app, worker }, nameOrArn) {
  if (nameOrArn.startsWith('arn:')) return nameOrArn;
  const { env } = process;
  const arn = env[`${app}_WORKER_ARN_${nameOrArn}`.replaceAll('-', '_').toUpperCase()];
  if (arn) return arn;
  const own = /^(.*-)([^-]+)$/.exec(env.AWS_LAMBDA_FUNCTION_NAME ?? '');
  if (own?.[2] !== worker || !/^[a-z_][a-z0-9_]*$/.test(nameOrArn)) return nameOrArn;
  // A durable function cannot be invoked without a qualifier. A function that is not published has no alias.
  const isPublished = (env.AWS_LAMBDA_FUNCTION_VERSION ?? '$LATEST') !== '$LATEST';
  return `${own[1]}${nameOrArn}${isPublished ? ':live' : ''}`;
}
