// The first page: what runs, where, what failed last; and what to do first when nothing has happened yet.

import { LanguageBadge, OutcomeBadge } from '../parts/badge';
import { Command, CopyButton } from '../parts/copy';
import { Empty, Loading } from '../parts/notice';
import { Brief } from '../parts/said';
import { beganAt, isBad, outcomeOf } from '../state/calls';
import { running } from '../state/history';
import { app, calls, changes, history, isLoaded, newest, now, queue, rates } from '../state/store';
import { functionUrl, invokeCommand } from '../text/command';
import { ago, duration, plural, rate, share } from '../text/format';
import { pathTo } from '../route/path';

/** Seconds of the figures on this page. */
const WINDOW = 60;
const ERRORS = 8;

export function Overview() {
  const current = app.value;
  changes.value;
  return (
    <div class="page overview">
      <h1 tabIndex={-1}><bdi>{current?.name ?? 'Overview'}</bdi></h1>
      {!current && <Loading />}
      {current && <Addresses url={current.url} />}
      {current && <Figures />}
      {current && isLoaded.value && calls.list.length === 0 && <First />}
      {isLoaded.value && calls.list.length > 0 && <RecentErrors />}
      {current && <WorkerTable />}
    </div>
  );
}

function Addresses({ url }: { url: string }) {
  const endpoint = functionUrl(url, 'endpoint');
  return (
    <dl class="facts">
      <div><dt>Endpoint</dt><dd><a href={endpoint} target="_blank" rel="noreferrer">{endpoint}</a></dd></div>
      <div><dt>Lambda's API, for <code>AWS_ENDPOINT_URL_LAMBDA</code></dt><dd><code>{url}</code> <CopyButton label="Copy the variable" text={() => `AWS_ENDPOINT_URL_LAMBDA=${url}`} /></dd></div>
    </dl>
  );
}

function Figures() {
  let [count, errors] = [0, 0];
  for (const name of ['endpoint', ...(app.value?.workers ?? []).map((worker) => worker.name)]) {
    const of = rates.of(name, now.value, WINDOW);
    count += of.count;
    errors += of.errors;
  }
  const events = queue.value ?? [];
  const givenUp = events.filter((event) => event.state === 'failed').length;
  const build = running(history.value);
  return (
    <ul class="figures" aria-label="At a glance">
      <li><a href="/invocations"><b>{rate(count / WINDOW)}</b><span>calls, last minute</span></a></li>
      <li><a href="/invocations?outcome=failed" class={errors > 0 ? 'is-bad' : ''}><b>{errors}</b><span>failed, last minute</span></a></li>
      <li><a href="/queue"><b>{events.length - givenUp}</b><span>in the queue</span></a></li>
      <li><a href="/queue" class={givenUp > 0 ? 'is-bad' : ''}><b>{givenUp}</b><span>given up</span></a></li>
      <li><a href="/builds"><b>{build ? 'building' : plural(history.value.entries.filter((entry) => entry.kind === 'reloaded').length, 'reload')}</b><span>of saved files</span></a></li>
    </ul>
  );
}

function First() {
  const { url, workers } = app.value ?? { url: '', workers: [] };
  const worker = workers[0]?.name;
  return (
    <Empty title="Nothing has been called yet.">
      <p>Call the endpoint:</p>
      <Command text={`curl ${functionUrl(url, 'endpoint')}`} />
      {worker !== undefined && <p>or run a worker <a href={pathTo(['workers', worker, 'run'])}>from this page</a>, or alone:</p>}
      {worker !== undefined && <Command text={invokeCommand(worker, '{}')} />}
      {worker === undefined && <p>The app has no worker yet. Make one:</p>}
      {worker === undefined && <Command text="cargo bedrock new worker greeter.py" />}
      <p class="faint">Every call appears here as it happens.</p>
    </Empty>
  );
}

function RecentErrors() {
  const failed = newest((call) => isBad(outcomeOf(call)), ERRORS);
  return (
    <section aria-labelledby="recent-errors">
      <h2 id="recent-errors">What failed last</h2>
      {failed.length === 0 && <p class="faint">Nothing of what is kept.</p>}
      <ul class="errors">
        {failed.map((call) => {
          const last = call.attempts.at(-1);
          return (
            <li key={call.id}>
              <a href={pathTo(['invocations', call.id])}>
                <OutcomeBadge outcome={outcomeOf(call)} />
                <b><Brief text={call.worker} /></b>
                <span class="error-text"><Brief text={`${last?.errorType ?? ''}${last?.message ? `: ${last.message}` : ''}`} /></span>
                <time class="faint" dateTime={new Date(beganAt(call)).toISOString()}>{ago(beganAt(call), now.value)}</time>
              </a>
            </li>
          );
        })}
      </ul>
      {failed.length > 0 && <p><a href="/invocations?outcome=failed">All that failed</a></p>}
    </section>
  );
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
              const of = rates.of(name, now.value, WINDOW);
              return (
                <tr key={name}>
                  <th scope="row"><LanguageBadge language={language} /> <a href={pathTo(['workers', name])}><bdi>{name}</bdi></a></th>
                  <td class="num">{of.count === 0 ? <span class="faint">–</span> : rate(of.perSecond)}</td>
                  <td class={`num${of.errors > 0 ? ' is-bad' : ''}`}>{of.count === 0 ? <span class="faint">–</span> : share(of.errors / of.count)}</td>
                  <td class="num">{of.p50 === undefined ? <span class="faint">–</span> : duration(of.p50)}</td>
                  <td class="num">{of.p99 === undefined ? <span class="faint">–</span> : duration(of.p99)}</td>
                  <td class="row-actions"><a href={pathTo(['workers', name, 'run'])} aria-label={`Run ${name}`}>Run</a> <a href={pathTo(['invocations'], { worker: name })} aria-label={`Invocations of ${name}`}>Invocations</a></td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <p class="faint">Figures of the last minute.</p>
    </section>
  );
}
