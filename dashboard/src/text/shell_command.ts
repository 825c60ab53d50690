// Shell commands that do the same as a button of the page, to be copied.

/** Quotes a word for a shell if that is necessary. */
export function shellQuote(word: string): string {
  return /^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Passes the event as an argument, or over the standard input if it may exceed Linux's limit of 128 KB per argument. A line of JSON is never `EVENT`. */
function eventArgument(event: string): { word: string; hereDocument: string } {
  const isShort = event.length <= 30_000 || /^EVENT$/m.test(event);
  return isShort ? { word: shellQuote(event), hereDocument: '' } : { word: '-', hereDocument: ` <<'EVENT'\n${event}\nEVENT\n` };
}

/** Returns the `cargo bedrock invoke` command, which runs the worker without `dev`. */
export function invokeCommand(worker: string, event: string, isEvent = false): string {
  const argument = eventArgument(event);
  return `cargo bedrock invoke ${shellQuote(worker)} --payload ${argument.word}${isEvent ? ' --event' : ''}${argument.hereDocument}`;
}

/** Returns a call of the Lambda API of this `dev`. The API requires a signature and accepts any credentials. */
export function curlCommand(url: string, worker: string, event: string, isEvent = false): string {
  const invocationType = isEvent ? " -H 'X-Amz-Invocation-Type: Event'" : '';
  const target = shellQuote(`${url}/2015-03-31/functions/${worker}/invocations`);
  const argument = eventArgument(event);
  const data = argument.hereDocument === '' ? `-d ${argument.word}` : '--data-binary @-';
  return `curl --aws-sigv4 aws:amz:us-east-1:lambda --user any:any${invocationType} ${data} ${target}${argument.hereDocument}`;
}

/** Returns a command that calls the endpoint. `cargo bedrock invoke` also does it without a URL or a signature. */
export function endpointCommand(url: string, auth: 'none' | 'iam' | null = 'none'): string {
  return auth === 'none' ? `curl ${functionUrl(url, 'endpoint')}` : 'cargo bedrock invoke endpoint --path /';
}

const URL_ORIGIN = /^https?:\/\/(\[[^\]]*\]|[^/:]*)(?::(\d+))?/;
const LOCAL_HOSTS = ['', '127.0.0.1', '[::1]', 'localhost'];

/** Returns the URL of a function, such as `http://endpoint.localhost:7070/`. If `dev` is served to other machines, whose `localhost` is a different one, it is a path instead. */
export function functionUrl(url: string, name: string): string {
  const [, host = '', port = '80'] = URL_ORIGIN.exec(url) ?? [];
  return LOCAL_HOSTS.includes(host) ? `http://${name}.localhost:${port}/` : `${url}/_url/${name}/`;
}
