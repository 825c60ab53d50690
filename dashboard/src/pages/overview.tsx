// The start page: URLs, figures of the last minute, recent failures; and a first step if nothing has been called yet.

import { LanguageBadge, OutcomeBadge } from '../components/badge';
import { Command, CopyButton } from '../components/copy_button';
import { FunctionAddress } from '../components/function_address';
import { EmptyState, Loading } from '../components/notice';
import { UntrustedLine } from '../components/untrusted_text';
import { type StoredInvocation, hasFailed, outcomeOf, startedAtOf } from '../store/invocations';
import { runningBuild } from '../store/build_history';
import { app, callMetrics, history, invocations, isLoaded, newestInvocations, now, queue, version } from '../store/store';
import { endpointCommand, invokeCommand } from '../text/shell_command';
import { ago, duration, plural, rate, percent } from '../text/format';
import { pathTo } from '../route/path';

/** Period of the figures on this page. */
const WINDOW_SECONDS = 60;
const MAX_RECENT_FAILURES = 8;

export function OverviewPage() {
  const current = app.value;
  version.value;
  return (
    <div class="page overview">
      <h1 tabIndex={-1}><bdi>{current?.name ?? 'Overview'}</bdi></h1>
      {!current && <Loading />}
      {current && <Addresses url={current.url} auth={current.endpoint.url_auth} />}
      {current && <Figures />}
      {current && isLoaded.value && invocations.list.length === 0 && <FirstSteps />}
      {isLoaded.value && invocations.list.length > 0 && <RecentFailures />}
      {current && <WorkerTable />}
    </div>
  );
}

function Addresses({ url, auth }: { url: string; auth?: 'none' | 'iam' | null }) {
  return (
    <dl class="facts">
      <div><dt>Endpoint</dt><dd><FunctionAddress url={url} name="endpoint" auth={auth} /></dd></div>
      <div><dt>Lambda's API, for <code>AWS_ENDPOINT_URL_LAMBDA</code></dt><dd><code>{url}</code> <CopyButton label="Copy the variable" text={() => `AWS_ENDPOINT_URL_LAMBDA=${url}`} /></dd></div>
    </dl>
  );
}

function Figures() {
  let count = 0;
  let errors = 0;
  let clientErrors = 0;
  for (const name of ['endpoint', ...(app.value?.workers ?? []).map((worker) => worker.name)]) {
    const stats = callMetrics.stats(name, now.value, WINDOW_SECONDS);
    count += stats.count;
    errors += stats.errors;
    clientErrors += stats.clientErrors;
  }
  const events = queue.value ?? [];
  const deadLetters = events.filter((event) => event.state === 'failed').length;
  const build = runningBuild(history.value);
  return (
    <ul class="figures" aria-label="At a glance">
      <li><a href="/invocations"><b>{rate(count / WINDOW_SECONDS)}</b><span>calls, last minute</span></a></li>
      <li><a href="/invocations?outcome=failed" class={errors > 0 ? 'is-bad' : ''}><b>{errors}</b><span>failed, last minute</span></a></li>
      {clientErrors > 0 && <li><a href="/invocations?outcome=4xx"><b>{clientErrors}</b><span>4xx, last minute</span></a></li>}
      <li><a href="/queue"><b>{events.length - deadLetters}</b><span>in the async queue</span></a></li>
      <li><a href="/queue" class={deadLetters > 0 ? 'is-bad' : ''}><b>{deadLetters}</b><span>dead letters</span></a></li>
      <li><a href="/builds"><b>{build ? 'building' : plural(history.value.entries.filter((entry) => entry.kind === 'reloaded').length, 'reload')}</b><span>after saved files</span></a></li>
    </ul>
  );
}

function FirstSteps() {
  const { url = '', workers = [], endpoint } = app.value ?? {};
  const worker = workers[0]?.name;
  return (
    <EmptyState title="No invocations yet.">
      <p>Call the endpoint:</p>
      <Command text={endpointCommand(url, endpoint?.url_auth)} />
      {worker !== undefined && <p>or run a worker <a href={pathTo(['workers', worker, 'run'])}>from this page</a> or from a shell:</p>}
      {worker !== undefined && <Command text={invokeCommand(worker, '{}')} />}
      {worker === undefined && <p>The app has no workers yet. Create one:</p>}
      {worker === undefined && <Command text="cargo bedrock new worker greeter.py" />}
      <p class="faint">Every invocation appears here immediately.</p>
    </EmptyState>
  );
}

function RecentFailures() {
  const failed = newestInvocations(hasFailed, MAX_RECENT_FAILURES);
  return (
    <section aria-labelledby="recent-failures">
      <h2 id="recent-failures">Recent failures</h2>
      {failed.length === 0 && <p class="faint">No stored invocation failed.</p>}
      <ul class="errors">
        {failed.map((invocation) => {
          return (
            <li key={invocation.id}>
              <a href={pathTo(['invocations', invocation.id])}>
                <OutcomeBadge outcome={outcomeOf(invocation)} status={invocation.status} />
                <b><UntrustedLine text={invocation.worker} /></b>
                <span class="error-text"><UntrustedLine text={failureText(invocation)} /></span>
                <time class="faint" dateTime={new Date(startedAtOf(invocation)).toISOString()}>{ago(startedAtOf(invocation), now.value)}</time>
              </a>
            </li>
          );
        })}
      </ul>
      {failed.length > 0 && <p><a href="/invocations?outcome=failed">All failures</a></p>}
    </section>
  );
}

/** Returns the request and the error of a failed invocation. */
function failureText({ http, attempts }: StoredInvocation): string {
  const last = attempts.at(-1);
  const error = `${last?.errorType ?? ''}${last?.message ? `: ${last.message}` : ''}`;
  return [http && `${http.method} ${http.path}`, error].filter(Boolean).join(' ');
}

export function WorkerTable() {
  const current = app.value;
  if (!current) return null;
  if (current.workers.length === 0) return null;
  const rows = [{ name: 'endpoint', language: 'rust' as const }, ...current.workers];
  return (
    <section>
      <h2 id="workers-title">{plural(current.workers.length, 'worker')}</h2>
      <div class="table-scroll" tabIndex={0} role="region" aria-labelledby="workers-title">
        <table class="table">
          <thead>
            <tr><th scope="col">Function</th><th scope="col" class="num">Calls</th><th scope="col" class="num">Errors</th><th scope="col" class="num">p50</th><th scope="col" class="num">p99</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr>
          </thead>
          <tbody>
            {rows.map(({ name, language }) => {
              const stats = callMetrics.stats(name, now.value, WINDOW_SECONDS);
              return (
                <tr key={name}>
                  <th scope="row"><LanguageBadge language={language} /> <a href={pathTo(['workers', name])}><bdi>{name}</bdi></a></th>
                  <td class="num">{stats.count === 0 ? <span class="faint">–</span> : rate(stats.perSecond)}</td>
                  <td class={`num${stats.errors > 0 ? ' is-bad' : ''}`}>{stats.count === 0 ? <span class="faint">–</span> : percent(stats.errors / stats.count)}</td>
                  <td class="num">{stats.p50 === undefined ? <span class="faint">–</span> : duration(stats.p50)}</td>
                  <td class="num">{stats.p99 === undefined ? <span class="faint">–</span> : duration(stats.p99)}</td>
                  <td class="row-actions"><a href={pathTo(['workers', name, 'run'])} aria-label={`Run ${name}`}>Run</a> <a href={pathTo(['invocations'], { worker: name })} aria-label={`Invocations of ${name}`}>Invocations</a></td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <p class="faint">Figures are of the last minute.</p>
    </section>
  );
}
