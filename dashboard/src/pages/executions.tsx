// The page of the executions of durable workers, newest first.

import type { Execution, ExecutionDetails } from '../api/types';
import { LanguageBadge, StatusBadge } from '../components/badge';
import { Command } from '../components/copy_button';
import { languageOf } from '../components/invocation_row';
import { EmptyState, ErrorNotice, Loading } from '../components/notice';
import { UntrustedLine } from '../components/untrusted_text';
import { useFetch } from '../hooks/use_fetch';
import { useLiveVersion } from '../hooks/use_live_version';
import { pathTo } from '../route/path';
import { app, now } from '../store/store';
import { ago, count, duration, shortId } from '../text/format';
import { shellQuote } from '../text/shell_command';

/** Pause between two requests: waits and timeouts end without dev events. */
const RELOAD_MS = 2_000;

/** Returns a number that changes when executions may have changed. */
export function useExecutionVersion(): string {
  const version = useLiveVersion((event) => event.kind === 'invocation_started' || event.kind === 'invocation_ended', 'executions');
  return `${version} ${Math.floor(now.value / RELOAD_MS)}`;
}

/** Returns how long an execution took or has been running, in milliseconds. */
export function executionMs(execution: Execution | ExecutionDetails): number {
  const end = execution.ended_at === null ? now.value : Date.parse(execution.ended_at);
  return Math.max(0, end - Date.parse(execution.started_at));
}

export function ExecutionsPage() {
  const { data, error, reload } = useFetch<{ total: number; executions: Execution[] }>('/executions', useExecutionVersion());
  const shown = data?.executions.length ?? 0;
  return (
    <div class="page">
      <h1 tabIndex={-1}>Executions</h1>
      {error !== undefined && <ErrorNotice title="The executions cannot be shown" error={error} retry={reload} />}
      {!data && error === undefined && <Loading />}
      {data && shown === 0 && <NoExecutions />}
      {data && shown > 0 && <ExecutionTable executions={data.executions} />}
      {data && data.total > shown && <p class="faint">The newest {count(shown)} of {count(data.total)} executions.</p>}
    </div>
  );
}

function NoExecutions() {
  const worker = app.value?.workers.find((one) => one.durable === true)?.name;
  return (
    <EmptyState title={worker === undefined ? 'The app has no durable worker.' : 'No executions yet.'}>
      <p>An execution of a durable worker runs for up to a year: its steps are stored, and while it waits nothing runs. {worker === undefined ? 'Create a durable worker:' : 'Start an execution:'}</p>
      <Command text={worker === undefined ? 'cargo bedrock new worker order_flow.py --durable' : `cargo bedrock invoke ${shellQuote(worker)} --event`} />
    </EmptyState>
  );
}

function ExecutionTable({ executions }: { executions: Execution[] }) {
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label="Executions, table">
      <table class="table">
        <thead><tr><th scope="col">Status</th><th scope="col">Worker</th><th scope="col">Execution</th><th scope="col">Started</th><th scope="col" class="num">Duration</th></tr></thead>
        <tbody>
          {executions.map((execution) => (
            <tr key={execution.execution_id}>
              <td><StatusBadge status={execution.status} />{execution.code === 'old' && <span class="faint"> old code</span>}</td>
              <td><LanguageBadge language={languageOf(execution.worker)} /> <bdi>{execution.worker}</bdi></td>
              <td><a href={pathTo(['executions', execution.execution_id])}><UntrustedLine text={execution.name} maxChars={64} /></a> <span class="mono faint">{shortId(execution.execution_id)}</span></td>
              <td><time dateTime={execution.started_at}>{ago(Date.parse(execution.started_at), Math.max(now.value, Date.parse(execution.started_at)))}</time></td>
              <td class="num">{duration(executionMs(execution))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
