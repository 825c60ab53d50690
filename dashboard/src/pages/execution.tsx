// The page of an execution of a durable worker: its state, its operations on a time axis, its payloads, and the actions on it.

import { useState } from 'preact/hooks';
import { post } from '../api/client';
import type { ExecutionDetails, ExecutionError } from '../api/types';
import { LanguageBadge, StatusBadge } from '../components/badge';
import { CopyButton } from '../components/copy_button';
import { ConfirmDialog } from '../components/dialog';
import { languageOf } from '../components/invocation_row';
import { ErrorNotice, Loading } from '../components/notice';
import { OperationTimeline } from '../components/operation_timeline';
import { PayloadPanel } from '../components/payload_panel';
import { UntrustedLine, UntrustedText } from '../components/untrusted_text';
import { useFetch } from '../hooks/use_fetch';
import { pathTo } from '../route/path';
import { now } from '../store/store';
import { clock, count, duration, shortId, timeUntil } from '../text/format';
import { executionMs, useExecutionVersion } from './executions';

/** Invocations that are linked. */
const SHOWN_INVOCATIONS = 50;

export function ExecutionPage({ id }: { id: string }) {
  const { data, error, reload } = useFetch<{ execution: ExecutionDetails }>(`/executions/${encodeURIComponent(id)}`, useExecutionVersion());
  const execution = data?.execution;
  return (
    <div class="page execution">
      <h1 tabIndex={-1}>
        {execution && <LanguageBadge language={languageOf(execution.worker)} />} <bdi>{execution ? <UntrustedLine text={execution.name} maxChars={64} /> : `Execution ${shortId(id)}`}</bdi>
        {execution && <StatusBadge status={execution.status} />}
      </h1>
      {error !== undefined && <ErrorNotice title="The execution cannot be shown" error={error} retry={reload} />}
      {!execution && error === undefined && <Loading />}
      {execution && (
        <>
          <Facts execution={execution} />
          <ExecutionActions execution={execution} onChange={reload} />
          {execution.error && <ErrorPanel title="Error" error={execution.error} />}
          <OperationTimeline execution={execution} onChange={reload} />
          <div class="pair">
            <PayloadPanel title="Event" payload={execution.input} missing="The event is not stored." />
            <PayloadPanel title="Result" payload={execution.result ?? undefined} missing={execution.ended_at === null ? 'The execution has not ended.' : 'There is no result.'} />
          </div>
          <Invocations execution={execution} />
        </>
      )}
    </div>
  );
}

function Facts({ execution }: { execution: ExecutionDetails }) {
  return (
    <dl class="facts">
      <div><dt>Worker</dt><dd><a href={pathTo(['workers', execution.worker])}><bdi>{execution.worker}</bdi></a></dd></div>
      <div><dt>ARN</dt><dd class="mono"><UntrustedText text={execution.arn} /> <CopyButton label="Copy ARN" text={() => execution.arn} /></dd></div>
      <div><dt>Started</dt><dd><time dateTime={execution.started_at}>{clock(Date.parse(execution.started_at))}</time></dd></div>
      <div><dt>Duration</dt><dd>{duration(executionMs(execution))}</dd></div>
      <div><dt>Operations</dt><dd>{count(execution.operation_count)}</dd></div>
      {execution.times_out_at !== null && <div><dt>Times out</dt><dd>{timeUntil(Date.parse(execution.times_out_at), now.value)}</dd></div>}
      {execution.code === 'old' && <div><dt>Code</dt><dd>Old: its worker has changed since</dd></div>}
      {execution.pause_reason !== null && <div><dt>Paused because</dt><dd><UntrustedText text={execution.pause_reason} /></dd></div>}
    </dl>
  );
}

function ExecutionActions({ execution, onChange }: { execution: ExecutionDetails; onChange: () => void }) {
  const [isConfirming, setConfirming] = useState(false);
  const [error, setError] = useState<unknown>();
  const perform = (action: 'stop' | 'pause' | 'resume' | 'update-code'): void => {
    setConfirming(false);
    setError(undefined);
    void post(`/executions/${encodeURIComponent(execution.execution_id)}/${action}`).then(onChange, setError);
  };
  if (execution.ended_at !== null) return null;
  const isPaused = execution.status !== 'RUNNING';
  return (
    <div class="actions">
      {!isPaused && <button type="button" onClick={() => perform('pause')}>Pause</button>}
      {isPaused && <button type="button" onClick={() => perform('resume')}>Resume</button>}
      {execution.code === 'old' && <button type="button" onClick={() => perform('update-code')}>Use the current code</button>}
      <button type="button" class="danger" onClick={() => setConfirming(true)}>Stop</button>
      {error !== undefined && <ErrorNotice title="The execution could not be changed" error={error} />}
      {isConfirming && (
        <ConfirmDialog title="Stop this execution?" text={`The execution of ${execution.worker} ends. It cannot be continued.`} action="Stop" onConfirm={() => perform('stop')} onClose={() => setConfirming(false)} />
      )}
    </div>
  );
}

function ErrorPanel({ title, error }: { title: string; error: ExecutionError }) {
  return (
    <section class="panel is-failed" aria-label={title}>
      <header class="panel-head"><h2><UntrustedText text={error.error_type ?? 'Error'} initialChars={200} /></h2></header>
      {error.message !== null && <pre class="block error-message" tabIndex={0}><UntrustedText text={error.message} /></pre>}
      {error.stack.length > 0 && <pre class="block stack" tabIndex={0} aria-label="Stack trace"><UntrustedText text={error.stack.join('\n')} /></pre>}
    </section>
  );
}

function Invocations({ execution }: { execution: ExecutionDetails }) {
  const { invocations } = execution;
  if (invocations.length === 0) return null;
  return (
    <section class="panel" aria-label="Invocations">
      <header class="panel-head"><h2>Invocations</h2><span class="faint">The worker ran {invocations.length === 1 ? 'once' : `${count(invocations.length)} times`}, each time from the beginning.</span></header>
      <p class="panel-note execution-invocations">
        {invocations.slice(-SHOWN_INVOCATIONS).map((invocation) => (
          <a key={invocation.request_id} href={pathTo(['invocations', invocation.request_id])} class="mono">{shortId(invocation.request_id)}</a>
        ))}
      </p>
    </section>
  );
}
