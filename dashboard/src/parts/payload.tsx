// An event or a response in its place: as a tree or as text, with its size, and said so when it is cut.

import type { Payload } from '../api/types';
import { compact, pretty } from '../text/exact';
import { bytes } from '../text/format';
import { CopyButton } from './copy';
import { Json } from './json';
import { Said } from './said';

export function PayloadBox({ title, payload, missing }: { title: string; payload: Payload | undefined; missing: string }) {
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
          Cut: the first {bytes(new Blob([payload.text ?? '']).size)} of {bytes(payload.bytes)}; the worker got all of it.
        </p>
      )}
      {payload && (isJson ? <Json value={payload.json} /> : <pre class="block"><Said text={payload.text ?? ''} /></pre>)}
      {payload && !isJson && payload.bytes === 0 && <p class="panel-note">Empty.</p>}
    </section>
  );
}

/** The beginning of a payload in one line. */
export function briefly(payload: Payload): string {
  return 'json' in payload ? compact(payload.json) : (payload.text ?? '');
}
