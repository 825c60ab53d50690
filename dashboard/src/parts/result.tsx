// What came of running a worker from this page.

import type { Called, InvocationAlone } from '../api/types';
import { pathTo } from '../route/path';
import { parseExact, pretty } from '../text/exact';
import { bytes, duration } from '../text/format';
import { OutcomeBadge } from './badge';
import { CopyButton } from './copy';
import { useFetched } from './fetched';
import { Json } from './json';
import { idOf, useLive } from './live';
import { LogLines } from './logs';
import { Failure } from './notice';
import { Said } from './said';

export type Ran = { mode: 'sync' | 'event' } & ({ answer: string; ms: number } | { error: unknown });

/** Characters of an answer that is shown as a tree at most. */
const TREE = 1_000_000;

export function Result({ ran }: { ran: Ran }) {
  if ('error' in ran) return <Failure what="It could not be run" error={ran.error} />;
  const called = parseExact(ran.answer) as Called;
  if (called.outcome === undefined) return <Accepted id={called.request_id} />;
  const hasResponse = 'response' in called;
  return (
    <section class={`panel result${hasResponse ? '' : ' is-failed'}`} aria-label="Result" role="region">
      <header class="panel-head">
        <h2>Result</h2>
        <span role="status"><OutcomeBadge outcome={called.outcome} /></span>
        <span class="faint">{duration(ran.ms)}{hasResponse && `, ${bytes(ran.answer.length)}`}</span>
        <a href={pathTo(['invocations', called.request_id])}>Invocation</a>
        {hasResponse && <CopyButton label="Copy response" text={() => pretty(called.response)} />}
      </header>
      {!hasResponse && <pre class="block error-message" tabIndex={0}><Said text={`${called.error_type ?? 'Error'}: ${called.message ?? ''}`} /></pre>}
      {hasResponse && (ran.answer.length <= TREE ? <Json value={called.response} /> : <pre class="block"><Said text={typeof called.response === 'string' ? called.response : pretty(called.response)} /></pre>)}
      <After id={called.request_id} />
    </section>
  );
}

function Accepted({ id }: { id: string }) {
  return (
    <section class="panel result" aria-label="Result" role="region">
      <header class="panel-head"><h2>Accepted</h2><span role="status" class="faint">it is in the queue and will be run</span></header>
      <p class="panel-note"><a href={pathTo(['invocations', id])}>Invocation</a> · <a href="/queue">Queue</a></p>
      <After id={id} />
    </section>
  );
}

/** Stack and lines, as they come. */
function After({ id }: { id: string }) {
  const key = useLive((happening) => idOf(happening) === id, id);
  const { data } = useFetched<{ invocation: InvocationAlone }>(`/invocations/${encodeURIComponent(id)}`, key);
  const one = data?.invocation;
  if (!one) return null;
  return (
    <>
      {one.mode === 'event' && <p class="panel-note"><OutcomeBadge outcome={one.outcome ?? 'running'} /> attempt {one.attempts.length}</p>}
      {one.stack.length > 0 && <pre class="block stack" tabIndex={0} aria-label="Stack"><Said text={one.stack.join('\n')} /></pre>}
      <h3 class="panel-title">Logs</h3>
      {one.logs.length === 0 ? <p class="panel-note">It printed nothing.</p> : <LogLines lines={one.logs} began={Date.parse(one.attempts[0]?.started_at ?? '')} />}
    </>
  );
}
