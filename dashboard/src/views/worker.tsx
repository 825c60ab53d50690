// All workers, and one of them: its settings, who calls it, its last calls and lines.

import type { Happening, Logged, Settings } from '../api/types';
import { LanguageBadge, languageName } from '../parts/badge';
import { Command } from '../parts/copy';
import { useFetched } from '../parts/fetched';
import { InvocationRow, languageOf } from '../parts/invocation_row';
import { useLive } from '../parts/live';
import { LogLines } from '../parts/logs';
import { Empty, Failure, Loading } from '../parts/notice';
import { pathTo } from '../route/path';
import { TriggerList } from '../parts/triggers';
import { app, changes, isLoaded, newest } from '../state/store';
import { functionUrl, invokeCommand } from '../text/command';
import { WorkerTable } from './overview';

const CALLS = 10;
const LINES = 100;

export function Workers() {
  changes.value;
  return (
    <div class="page">
      <h1 tabIndex={-1}>Workers</h1>
      {!app.value && <Loading />}
      {app.value?.workers.length === 0 && (
        <Empty title="The app has no worker yet.">
          <p>Make one:</p>
          <Command text="cargo bedrock new worker greeter.py" />
        </Empty>
      )}
      <WorkerTable />
    </div>
  );
}

export function WorkerView({ name }: { name: string }) {
  const current = app.value;
  const worker = current?.workers.find((one) => one.name === name);
  const settings = name === 'endpoint' ? current?.endpoint : worker?.settings;
  changes.value;
  const last = newest((call) => call.worker === name, CALLS);
  return (
    <div class="page">
      <h1 tabIndex={-1}><LanguageBadge language={languageOf(name)} /> <bdi>{name}</bdi></h1>
      {!current && <Loading />}
      {current && !settings && <Unknown name={name} />}
      {current && settings && (
        <>
          <div class="actions">
            <a class="button primary" href={pathTo(['workers', name, 'run'])}>Run</a>
            <a class="button" href={pathTo(['invocations'], { worker: name })}>Invocations</a>
          </div>
          <dl class="facts">
            {worker && <div><dt>Language</dt><dd>{languageName(worker.language)}</dd></div>}
            {worker && <div><dt>Folder</dt><dd><code>{worker.folder}</code></dd></div>}
            <div><dt>URL</dt><dd><a href={functionUrl(current.url, name)} target="_blank" rel="noreferrer">{functionUrl(current.url, name)}</a></dd></div>
            <SettingFacts settings={settings} />
          </dl>
          <Neighbours name={name} />
          {worker?.triggers && worker.triggers.length > 0 && <TriggerList worker={name} triggers={worker.triggers} />}
          <section aria-labelledby="last-calls">
            <h2 id="last-calls">Last calls</h2>
            {last.length === 0 && isLoaded.value && <Empty title="It has not been called yet."><Command text={invokeCommand(name, '{}')} /></Empty>}
            <div class="calls is-short" role="table" aria-label="Last calls" hidden={last.length === 0}>
              <div role="rowgroup">{last.map((call, index) => <InvocationRow key={call.id} call={call} index={index} isSelected={false} isStop onSelect={() => undefined} />)}</div>
            </div>
          </section>
          <Printed name={name} />
        </>
      )}
    </div>
  );
}

function Unknown({ name }: { name: string }) {
  return (
    <Empty title={`The app has no worker named ${name}.`}>
      <p>It has {app.value?.workers.map((worker, index) => <span key={worker.name}>{index > 0 && ', '}<a href={pathTo(['workers', worker.name])}>{worker.name}</a></span>)}.</p>
    </Empty>
  );
}

function SettingFacts({ settings }: { settings: Settings }) {
  const facts: [string, string][] = [
    ['Memory', `${settings.memory} MB`],
    ['Timeout', `${settings.timeout} s`],
    ['Concurrency', settings.concurrency === null ? 'no limit' : String(settings.concurrency)],
    ['Retries of events', `${settings.retries}, within ${settings.event_age} s`],
    ...(settings.on_failure === null ? [] : [['On failure', settings.on_failure] as [string, string]]),
    ...(settings.variables.length === 0 ? [] : [['Variables', settings.variables.join(', ')] as [string, string]]),
  ];
  return <>{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</>;
}

function Neighbours({ name }: { name: string }) {
  const edges = app.value?.edges ?? [];
  const to = edges.filter((edge) => edge.from === name).map((edge) => edge.to);
  const from = edges.filter((edge) => edge.to === name).map((edge) => edge.from);
  const link = (other: string, index: number) => <span key={other}>{index > 0 && ', '}<a href={pathTo(['workers', other])}><bdi>{other}</bdi></a></span>;
  return (
    <dl class="facts">
      <div><dt>Called by</dt><dd>{from.length === 0 ? <span class="faint">no code of this app</span> : from.map(link)}</dd></div>
      <div><dt>Calls</dt><dd>{to.length === 0 ? <span class="faint">nobody</span> : to.map(link)}</dd></div>
    </dl>
  );
}

function Printed({ name }: { name: string }) {
  const key = useLive((happening: Happening) => happening.kind === 'log' && happening.worker === name, name);
  const { data, error, again } = useFetched<{ happenings: Logged[] }>(`/happenings?kind=log&worker=${encodeURIComponent(name)}&limit=${LINES}`, key);
  return (
    <section class="panel" aria-label="Last lines">
      <header class="panel-head"><h2>Last lines</h2></header>
      {error !== undefined && <Failure what="Its lines cannot be shown" error={error} retry={again} />}
      {data?.happenings.length === 0 && <p class="panel-note">It has printed nothing.</p>}
      {data && data.happenings.length > 0 && <LogLines lines={data.happenings} />}
    </section>
  );
}
