// An event or a response, as a JSON tree or as text, with its size and a note if it is truncated.

import type { Payload } from '../api/types';
import { compact, pretty } from '../text/exact_json';
import { bytes } from '../text/format';
import { CopyButton } from './copy_button';
import { JsonTree } from './json_tree';
import { UntrustedText } from './untrusted_text';

export function PayloadPanel({ title, payload, missing }: { title: string; payload: Payload | undefined; missing: string }) {
  const isJson = payload !== undefined && 'json' in payload;
  return (
    <section class="panel" aria-label={title}>
      <header class="panel-head">
        <h3>{title}</h3>
        {payload && <span class="faint">{bytes(payload.bytes)}</span>}
        {payload && <CopyButton label={`Copy ${title.toLowerCase()}`} text={() => (isJson ? pretty(payload.json) : (payload.text ?? ''))} />}
      </header>
      {!payload && <p class="panel-note">{missing}</p>}
      {payload?.cut && (
        <p class="panel-note" role="note">
          Truncated: the first {bytes(new Blob([payload.text ?? '']).size)} of {bytes(payload.bytes)}; the worker received all of it.
        </p>
      )}
      {payload && (isJson ? <JsonTree value={payload.json} /> : <pre class="block"><UntrustedText text={payload.text ?? ''} /></pre>)}
      {payload && !isJson && payload.bytes === 0 && <p class="panel-note">Empty.</p>}
    </section>
  );
}

/** Returns the payload in one line. */
export function payloadSummary(payload: Payload): string {
  return 'json' in payload ? compact(payload.json) : (payload.text ?? '');
}
