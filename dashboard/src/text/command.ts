// Commands to copy: what is typed into a shell to do the same as a button here.

/** A word of a shell, quoted where it must be. */
export function quoted(word: string): string {
  return /^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** `cargo bedrock invoke`, which runs the worker by itself. */
export function invokeCommand(worker: string, event: string, isEvent = false): string {
  return `cargo bedrock invoke ${quoted(worker)} --payload ${quoted(event)}${isEvent ? ' --event' : ''}`;
}

/** A call of Lambda's API of this `dev`, signed as it wants them; any credentials do. */
export function curlCommand(url: string, worker: string, event: string, isEvent = false): string {
  const kind = isEvent ? " -H 'X-Amz-Invocation-Type: Event'" : '';
  const address = quoted(`${url}/2015-03-31/functions/${worker}/invocations`);
  return `curl --aws-sigv4 aws:amz:us-east-1:lambda --user any:any${kind} -d ${quoted(event)} ${address}`;
}

/** The address of a function's URL: `http://endpoint.localhost:7070/`. */
export function functionUrl(url: string, name: string): string {
  const port = /:(\d+)$/.exec(url)?.[1] ?? '80';
  return `http://${name}.localhost:${port}/`;
}
