// The result of running a worker from the page.

import type { InvokeResponse, InvocationDetails } from '../api/types';
import { pathTo } from '../route/path';
import { parseExact, pretty } from '../text/exact_json';
import { bytes, duration } from '../text/format';
import { OutcomeBadge } from './badge';
import { CopyButton } from './copy_button';
import { useFetch } from '../hooks/use_fetch';
import { JsonTree } from './json_tree';
import { requestIdOf, useLiveVersion } from '../hooks/use_live_version';
import { LogLines } from './log_lines';
import { ErrorNotice } from './notice';
import { UntrustedText } from './untrusted_text';

export type RunResult = { mode: 'sync' | 'event' } & ({ response: string; ms: number } | { error: unknown });

/** Longer responses are shown as text instead of a tree. */
const MAX_TREE_CHARS = 1_000_000;

export function RunResultPanel({ result }: { result: RunResult }) {
  if ('error' in result) return <ErrorNotice title="The worker could not be run" error={result.error} />;
  const invoked = parseExact(result.response) as InvokeResponse;
  if (invoked.outcome === undefined) return <Accepted id={invoked.request_id} />;
  const hasResponse = 'response' in invoked;
  return (
    <section class={`panel result${hasResponse ? '' : ' is-failed'}`} aria-label="Result" role="region">
      <header class="panel-head">
        <h2>Result</h2>
        <span role="status"><OutcomeBadge outcome={invoked.outcome} /></span>
        <span class="faint">{duration(result.ms)}{hasResponse && `, ${bytes(result.response.length)}`}</span>
        <a href={pathTo(['invocations', invoked.request_id])}>Invocation</a>
        {hasResponse && <CopyButton label="Copy response" text={() => pretty(invoked.response)} />}
      </header>
      {!hasResponse && <pre class="block error-message" tabIndex={0}><UntrustedText text={`${invoked.error_type ?? 'Error'}: ${invoked.message ?? ''}`} /></pre>}
      {hasResponse && (result.response.length <= MAX_TREE_CHARS ? <JsonTree value={invoked.response} /> : <pre class="block"><UntrustedText text={typeof invoked.response === 'string' ? invoked.response : pretty(invoked.response)} /></pre>)}
      <LogsAndStack id={invoked.request_id} />
    </section>
  );
}

function Accepted({ id }: { id: string }) {
  return (
    <section class="panel result" aria-label="Result" role="region">
      <header class="panel-head"><h2>Accepted</h2><span role="status" class="faint">the event is in the async queue</span></header>
      <p class="panel-note"><a href={pathTo(['invocations', id])}>Invocation</a> · <a href="/queue">Async queue</a></p>
      <LogsAndStack id={id} />
    </section>
  );
}

/** Stack trace and log lines, updated live. */
function LogsAndStack({ id }: { id: string }) {
  const key = useLiveVersion((devEvent) => requestIdOf(devEvent) === id, id);
  const { data } = useFetch<{ invocation: InvocationDetails }>(`/invocations/${encodeURIComponent(id)}`, key);
  const invocation = data?.invocation;
  if (!invocation) return null;
  return (
    <>
      {invocation.mode === 'event' && <p class="panel-note"><OutcomeBadge outcome={invocation.outcome ?? 'running'} /> attempt {invocation.attempts.length}</p>}
      {invocation.stack.length > 0 && <pre class="block stack" tabIndex={0} aria-label="Stack trace"><UntrustedText text={invocation.stack.join('\n')} /></pre>}
      <h3 class="panel-title">Logs</h3>
      {invocation.logs.length === 0 ? <p class="panel-note">No log lines.</p> : <LogLines lines={invocation.logs} startedAt={Date.parse(invocation.attempts[0]?.started_at ?? '')} />}
    </>
  );
}
