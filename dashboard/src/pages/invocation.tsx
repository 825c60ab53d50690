// The page of an invocation: its result, event, response, log lines, trace, and the actions on it.

import type { InvocationDetails, LogLine } from '../api/types';
import { InvocationActions } from '../components/invocation_actions';
import { LanguageBadge, OutcomeBadge } from '../components/badge';
import { CopyButton } from '../components/copy_button';
import { useFetch } from '../hooks/use_fetch';
import { languageOf } from '../components/invocation_row';
import { requestIdOf, useLiveVersion } from '../hooks/use_live_version';
import { LogLines } from '../components/log_lines';
import { ErrorNotice, Loading } from '../components/notice';
import { PayloadPanel } from '../components/payload_panel';
import { UntrustedLine, UntrustedText } from '../components/untrusted_text';
import { TracePanel } from '../components/trace_panel';
import { pathTo } from '../route/path';
import { parameters } from '../route/router';
import { invocations, now } from '../store/store';
import { ago, clock, duration, shortId } from '../text/format';

export function InvocationPage({ id }: { id: string }) {
  const key = useLiveVersion((devEvent) => requestIdOf(devEvent) === id, id);
  const { data, error, reload } = useFetch<{ invocation: InvocationDetails }>(`/invocations/${encodeURIComponent(id)}`, key);
  const known = invocations.get(id);
  const invocation = data?.invocation;
  const worker = invocation?.worker ?? known?.worker;
  return (
    <div class="page invocation">
      <h1 tabIndex={-1}>
        {worker !== undefined && <LanguageBadge language={languageOf(worker)} />} <bdi>{worker ?? `Invocation ${shortId(id)}`}</bdi>
        {invocation && <OutcomeBadge outcome={invocation.outcome ?? 'running'} status={invocation.status} />}
        {invocation?.http && <span class="mono faint"> <UntrustedLine text={`${invocation.http.method} ${invocation.http.path}`} /></span>}
      </h1>
      {error !== undefined && <ErrorNotice title="The invocation cannot be shown" error={error} retry={reload} />}
      {!invocation && error === undefined && <Loading />}
      {invocation && (
        <>
          <Facts invocation={invocation} />
          <InvocationActions invocation={invocation} />
          <InvocationError invocation={invocation} />
          <TracePanel trace={invocation.trace} selected={id} own={invocation} />
          {invocation.attempts.length > 1 && <Attempts invocation={invocation} />}
          <div class="pair">
            <PayloadPanel title="Event" payload={invocation.event} missing="The event is not stored." />
            <PayloadPanel title="Response" payload={invocation.response} missing={invocation.outcome === undefined ? 'The invocation is still running.' : 'There is no response.'} />
          </div>
          <Logs lines={invocation.logs} startedAt={startedAtOfFirstAttempt(invocation)} isRunning={invocation.outcome === undefined} />
        </>
      )}
    </div>
  );
}

function startedAtOfFirstAttempt(invocation: InvocationDetails): number {
  return Date.parse(invocation.attempts[0]?.started_at ?? '');
}

function Facts({ invocation }: { invocation: InvocationDetails }) {
  const last = invocation.attempts.at(-1);
  const start = startedAtOfFirstAttempt(invocation);
  const replayOf = parameters.value.get('of');
  const trigger = invocations.get(invocation.request_id)?.trigger;
  return (
    <dl class="facts">
      <div><dt>Request id</dt><dd class="mono">{invocation.request_id} <CopyButton label="Copy request id" text={() => invocation.request_id} /></dd></div>
      <div><dt>Started</dt><dd><time dateTime={invocation.attempts[0]?.started_at}>{clock(start)}</time> <span class="faint">{ago(start, Math.max(now.value, start))}</span></dd></div>
      {last?.duration_ms !== undefined && <div><dt>Duration</dt><dd>{duration(last.duration_ms)}{last.init_ms !== undefined && <span class="faint"> including {duration(last.init_ms)} cold start</span>}</dd></div>}
      {last?.max_memory_mb !== undefined && <div><dt>Memory</dt><dd>{last.max_memory_mb} MB</dd></div>}
      <div><dt>Mode</dt><dd>{invocation.mode === 'sync' ? 'sync: the caller waits for the response' : 'event: asynchronous, no caller waits'}</dd></div>
      {invocation.caller !== undefined && (
        <div><dt>Called by</dt><dd>{invocation.parent_request_id === undefined ? <bdi>{invocation.caller}</bdi> : <a href={pathTo(['invocations', invocation.parent_request_id])}><bdi>{invocation.caller}</bdi></a>}</dd></div>
      )}
      <div><dt>Trace</dt><dd class="mono"><a href={pathTo(['traces', invocation.trace])}><UntrustedLine text={invocation.trace} maxChars={48} /></a></dd></div>
      {invocation.caller === undefined && trigger !== undefined && <div><dt>Triggered by</dt><dd><bdi>{trigger}</bdi></dd></div>}
      {replayOf !== null && <div><dt>Replay of</dt><dd class="mono"><a href={pathTo(['invocations', replayOf])}><UntrustedLine text={shortId(replayOf)} /></a></dd></div>}
    </dl>
  );
}

function InvocationError({ invocation }: { invocation: InvocationDetails }) {
  const last = invocation.attempts.at(-1);
  if (last?.error_type === undefined && last?.message === undefined) return null;
  return (
    <section class="panel is-failed" aria-label="Error">
      <header class="panel-head"><h2><UntrustedText text={last.error_type ?? 'Error'} initialChars={200} /></h2></header>
      {last.message !== undefined && <pre class="block error-message" tabIndex={0}><UntrustedText text={last.message} /></pre>}
      {invocation.stack.length > 0 && (
        <>
          <h3 class="panel-title">Stack trace</h3>
          <pre class="block stack" tabIndex={0} aria-label="Stack trace"><UntrustedText text={invocation.stack.join('\n')} /></pre>
        </>
      )}
    </section>
  );
}

function Attempts({ invocation }: { invocation: InvocationDetails }) {
  return (
    <section class="panel" aria-label="Attempts">
      <header class="panel-head"><h2>Attempts</h2></header>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Attempts, table">
        <table class="table">
          <thead><tr><th scope="col">#</th><th scope="col">Outcome</th><th scope="col">Started</th><th scope="col" class="num">Duration</th><th scope="col">Error</th></tr></thead>
          <tbody>
            {invocation.attempts.map((attempt, index) => (
              <tr key={attempt.started_at}>
                <td>{index + 1}</td>
                <td><OutcomeBadge outcome={attempt.outcome ?? 'running'} /></td>
                <td class="num">{clock(Date.parse(attempt.started_at))}</td>
                <td class="num">{attempt.duration_ms === undefined ? '' : duration(attempt.duration_ms)}</td>
                <td><UntrustedLine text={[attempt.error_type, attempt.message].filter(Boolean).join(': ')} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Logs({ lines, startedAt, isRunning }: { lines: LogLine[]; startedAt: number; isRunning: boolean }) {
  return (
    <section class="panel" aria-label="Logs">
      <header class="panel-head"><h2>Logs</h2><span class="faint">{lines.length === 1 ? '1 line' : `${lines.length} lines`}</span>
        {lines.length > 0 && <CopyButton label="Copy logs" text={() => lines.map((line) => line.line).join('\n')} />}
      </header>
      {lines.length === 0 && <p class="panel-note">{isRunning ? 'No log lines yet.' : 'No log lines.'}</p>}
      {lines.length > 0 && <LogLines lines={lines} startedAt={startedAt} />}
    </section>
  );
}
