// Commands to copy: what is typed into a shell to do the same as a button here.

/** A word of a shell, quoted where it must be. */
export function quoted(word: string): string {
  return /^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Linux takes no argument of more than 128 KB; what may be longer comes over the standard input. A line of JSON is never `EVENT`. */
function argument(event: string): { word: string; lines: string } {
  const isShort = event.length <= 30_000 || /^EVENT$/m.test(event);
  return isShort ? { word: quoted(event), lines: '' } : { word: '-', lines: ` <<'EVENT'\n${event}\nEVENT\n` };
}

/** `cargo bedrock invoke`, which runs the worker by itself. */
export function invokeCommand(worker: string, event: string, isEvent = false): string {
  const given = argument(event);
  return `cargo bedrock invoke ${quoted(worker)} --payload ${given.word}${isEvent ? ' --event' : ''}${given.lines}`;
}

/** A call of Lambda's API of this `dev`, signed as it wants them; any credentials do. */
export function curlCommand(url: string, worker: string, event: string, isEvent = false): string {
  const kind = isEvent ? " -H 'X-Amz-Invocation-Type: Event'" : '';
  const address = quoted(`${url}/2015-03-31/functions/${worker}/invocations`);
  const given = argument(event);
  const data = given.lines === '' ? `-d ${given.word}` : '--data-binary @-';
  return `curl --aws-sigv4 aws:amz:us-east-1:lambda --user any:any${kind} ${data} ${address}${given.lines}`;
}

const ADDRESS = /^https?:\/\/(\[[^\]]*\]|[^/:]*)(?::(\d+))?/;
const HERE = ['', '127.0.0.1', '[::1]', 'localhost'];

/** The address of a function's URL: `http://endpoint.localhost:7070/`. Served to other machines it is a path, as theirs is another `localhost`. */
export function functionUrl(url: string, name: string): string {
  const [, host = '', port = '80'] = ADDRESS.exec(url) ?? [];
  return HERE.includes(host) ? `http://${name}.localhost:${port}/` : `${url}/_url/${name}/`;
}
