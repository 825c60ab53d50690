// The URL of a function as a link, with what a browser must know about it.

import { functionUrl } from '../text/shell_command';

/** `auth` says whether requests must be signed; null if the function has no URL. */
export function FunctionAddress({ url, name, auth = 'none' }: { url: string; name: string; auth?: 'none' | 'iam' | null }) {
  if (auth === null) return <>none (<code>url = false</code>)</>;
  const address = functionUrl(url, name);
  if (auth === 'iam') return <><code>{address}</code>, for signed requests (<code>auth = "iam"</code>)</>;
  return <a href={address} target="_blank" rel="noreferrer">{address}</a>;
}
