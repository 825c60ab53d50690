// One call: what came of it, its event and response, what it printed, its place in the trace, and what to do with it now.

import type { InvocationAlone, Line } from '../api/types';
import { Actions } from '../parts/actions';
import { LanguageBadge, OutcomeBadge } from '../parts/badge';
import { CopyButton } from '../parts/copy';
import { useFetched } from '../parts/fetched';
import { languageOf } from '../parts/invocation_row';
import { idOf, useLive } from '../parts/live';
import { LogLines } from '../parts/logs';
import { Failure, Loading } from '../parts/notice';
import { PayloadBox } from '../parts/payload';
import { Brief, Said } from '../parts/said';
import { TracePanel } from '../parts/trace_panel';
import { pathTo } from '../route/path';
import { parameters } from '../route/router';
import { calls, now } from '../state/store';
import { ago, clock, duration, short } from '../text/format';

export function InvocationView({ id }: { id: string }) {
  const key = useLive((happening) => idOf(happening) === id, id);
  const { data, error, again } = useFetched<{ invocation: InvocationAlone }>(`/invocations/${encodeURIComponent(id)}`, key);
  const known = calls.get(id);
  const invocation = data?.invocation;
  const worker = invocation?.worker ?? known?.worker;
  return (
    <div class="page invocation">
      <h1 tabIndex={-1}>
        {worker !== undefined && <LanguageBadge language={languageOf(worker)} />} <bdi>{worker ?? `Invocation ${short(id)}`}</bdi>
        {invocation && <OutcomeBadge outcome={invocation.outcome ?? 'running'} />}
      </h1>
      {error !== undefined && <Failure what="The invocation cannot be shown" error={error} retry={again} />}
      {!invocation && error === undefined && <Loading />}
      {invocation && (
        <>
          <Facts invocation={invocation} />
          <Actions invocation={invocation} />
          <WentWrong invocation={invocation} />
          <TracePanel trace={invocation.trace} selected={id} own={invocation} />
          {invocation.attempts.length > 1 && <Attempts invocation={invocation} />}
          <div class="pair">
            <PayloadBox title="Event" payload={invocation.event} missing="It is not kept." />
            <PayloadBox title="Response" payload={invocation.response} missing={invocation.outcome === undefined ? 'It is still running.' : 'None: it did not answer.'} />
          </div>
          <Logs lines={invocation.logs} began={began(invocation)} isRunning={invocation.outcome === undefined} />
        </>
      )}
    </div>
  );
}

function began(invocation: InvocationAlone): number {
  return Date.parse(invocation.attempts[0]?.started_at ?? '');
}

function Facts({ invocation }: { invocation: InvocationAlone }) {
  const last = invocation.attempts.at(-1);
  const start = began(invocation);
  const of = parameters.value.get('of');
  const trigger = calls.get(invocation.request_id)?.trigger;
  return (
    <dl class="facts">
      <div><dt>Request id</dt><dd class="mono">{invocation.request_id} <CopyButton label="Copy request id" text={() => invocation.request_id} /></dd></div>
      <div><dt>Began</dt><dd><time dateTime={invocation.attempts[0]?.started_at}>{clock(start)}</time> <span class="faint">{ago(start, Math.max(now.value, start))}</span></dd></div>
      {last?.duration_ms !== undefined && <div><dt>Took</dt><dd>{duration(last.duration_ms)}{last.init_ms !== undefined && <span class="faint"> of which {duration(last.init_ms)} cold start</span>}</dd></div>}
      {last?.max_memory_mb !== undefined && <div><dt>Memory</dt><dd>{last.max_memory_mb} MB</dd></div>}
      <div><dt>Mode</dt><dd>{invocation.mode === 'sync' ? 'sync, somebody waits' : 'event, nobody waits'}</dd></div>
      {invocation.caller !== undefined && (
        <div><dt>Called by</dt><dd>{invocation.parent_request_id === undefined ? <bdi>{invocation.caller}</bdi> : <a href={pathTo(['invocations', invocation.parent_request_id])}><bdi>{invocation.caller}</bdi></a>}</dd></div>
      )}
      <div><dt>Trace</dt><dd class="mono"><a href={pathTo(['traces', invocation.trace])}><Brief text={invocation.trace} most={48} /></a></dd></div>
      {invocation.caller === undefined && trigger !== undefined && <div><dt>Triggered by</dt><dd><bdi>{trigger}</bdi></dd></div>}
      {of !== null && <div><dt>Run again of</dt><dd class="mono"><a href={pathTo(['invocations', of])}><Brief text={short(of)} /></a></dd></div>}
    </dl>
  );
}

function WentWrong({ invocation }: { invocation: InvocationAlone }) {
  const last = invocation.attempts.at(-1);
  if (last?.error_type === undefined && last?.message === undefined) return null;
  return (
    <section class="panel is-failed" aria-label="Error">
      <header class="panel-head"><h2><Said text={last.error_type ?? 'Error'} first={200} /></h2></header>
      {last.message !== undefined && <pre class="block error-message" tabIndex={0}><Said text={last.message} /></pre>}
      {invocation.stack.length > 0 && (
        <>
          <h3 class="panel-title">Stack</h3>
          <pre class="block stack" tabIndex={0} aria-label="Stack"><Said text={invocation.stack.join('\n')} /></pre>
        </>
      )}
    </section>
  );
}

function Attempts({ invocation }: { invocation: InvocationAlone }) {
  return (
    <section class="panel" aria-label="Attempts">
      <header class="panel-head"><h2>Attempts</h2></header>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Attempts, table">
        <table class="table">
          <thead><tr><th scope="col">#</th><th scope="col">Outcome</th><th scope="col">Began</th><th scope="col" class="num">Took</th><th scope="col">Error</th></tr></thead>
          <tbody>
            {invocation.attempts.map((attempt, index) => (
              <tr key={attempt.started_at}>
                <td>{index + 1}</td>
                <td><OutcomeBadge outcome={attempt.outcome ?? 'running'} /></td>
                <td class="num">{clock(Date.parse(attempt.started_at))}</td>
                <td class="num">{attempt.duration_ms === undefined ? '' : duration(attempt.duration_ms)}</td>
                <td><Brief text={[attempt.error_type, attempt.message].filter(Boolean).join(': ')} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Logs({ lines, began: start, isRunning }: { lines: Line[]; began: number; isRunning: boolean }) {
  return (
    <section class="panel" aria-label="Logs">
      <header class="panel-head"><h2>Logs</h2><span class="faint">{lines.length === 1 ? '1 line' : `${lines.length} lines`}</span>
        {lines.length > 0 && <CopyButton label="Copy logs" text={() => lines.map((line) => line.line).join('\n')} />}
      </header>
      {lines.length === 0 && <p class="panel-note">{isRunning ? 'Nothing printed yet.' : 'It printed nothing.'}</p>}
      {lines.length > 0 && <LogLines lines={lines} began={start} />}
    </section>
  );
}
