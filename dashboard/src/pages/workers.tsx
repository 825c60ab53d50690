// The page of all workers, and the page of one: settings, callers and callees, recent invocations and log lines.

import type { Contract, DevEvent, LogEvent, Settings } from '../api/types';
import { LanguageBadge, languageName } from '../components/badge';
import { Command } from '../components/copy_button';
import { FunctionAddress } from '../components/function_address';
import { useFetch } from '../hooks/use_fetch';
import { InvocationRow, languageOf } from '../components/invocation_row';
import { useLiveVersion } from '../hooks/use_live_version';
import { LogLines } from '../components/log_lines';
import { EmptyState, ErrorNotice, Loading } from '../components/notice';
import { pathTo } from '../route/path';
import { TriggerList } from '../components/trigger_list';
import { app, isLoaded, newestInvocations, version } from '../store/store';
import { invokeCommand } from '../text/shell_command';
import { WorkerTable } from './overview';

const MAX_RECENT_INVOCATIONS = 10;
const MAX_LOG_LINES = 100;

export function WorkersPage() {
  version.value;
  return (
    <div class="page">
      <h1 tabIndex={-1}>Workers</h1>
      {!app.value && <Loading />}
      {app.value?.workers.length === 0 && (
        <EmptyState title="The app has no workers yet.">
          <p>Create one:</p>
          <Command text="cargo bedrock new worker greeter.py" />
        </EmptyState>
      )}
      <WorkerTable />
    </div>
  );
}

export function WorkerPage({ name }: { name: string }) {
  const current = app.value;
  const worker = current?.workers.find((candidate) => candidate.name === name);
  const settings = name === 'endpoint' ? current?.endpoint : worker?.settings;
  version.value;
  const recent = newestInvocations((invocation) => invocation.worker === name, MAX_RECENT_INVOCATIONS);
  return (
    <div class="page">
      <h1 tabIndex={-1}><LanguageBadge language={languageOf(name)} /> <bdi>{name}</bdi></h1>
      {!current && <Loading />}
      {current && !settings && <UnknownWorker name={name} />}
      {current && settings && (
        <>
          <div class="actions">
            <a class="button primary" href={pathTo(['workers', name, 'run'])}>Run</a>
            <a class="button" href={pathTo(['invocations'], { worker: name })}>Invocations</a>
          </div>
          <dl class="facts">
            {worker && <div><dt>Language</dt><dd>{languageName(worker.language)}</dd></div>}
            {worker && <div><dt>Folder</dt><dd><code>{worker.folder}</code></dd></div>}
            <div><dt>URL</dt><dd><FunctionAddress url={current.url} name={name} auth={settings.url_auth} /></dd></div>
            <SettingFacts settings={settings} />
          </dl>
          <CallersAndCallees name={name} />
          {worker?.contract && <ContractTypes contract={worker.contract} />}
          {worker?.triggers && worker.triggers.length > 0 && <TriggerList worker={name} triggers={worker.triggers} />}
          <section aria-labelledby="recent-invocations">
            <h2 id="recent-invocations">Recent invocations</h2>
            {recent.length === 0 && isLoaded.value && <EmptyState title="The function has not been invoked yet."><Command text={invokeCommand(name, '{}')} /></EmptyState>}
            <div class="invocations is-short" role="table" aria-label="Recent invocations" hidden={recent.length === 0}>
              <div role="rowgroup">{recent.map((invocation, index) => <InvocationRow key={invocation.id} invocation={invocation} index={index} isSelected={false} isTabStop onSelect={() => undefined} />)}</div>
            </div>
          </section>
          <RecentLogLines name={name} />
        </>
      )}
    </div>
  );
}

function UnknownWorker({ name }: { name: string }) {
  return (
    <EmptyState title={`The app has no worker named ${name}.`}>
      <p>Its workers: {app.value?.workers.map((worker, index) => <span key={worker.name}>{index > 0 && ', '}<a href={pathTo(['workers', worker.name])}>{worker.name}</a></span>)}.</p>
    </EmptyState>
  );
}

function SettingFacts({ settings }: { settings: Settings }) {
  const facts: [string, string][] = [
    ['Memory', `${settings.memory} MB`],
    ['Timeout', `${settings.timeout} s`],
    ['Concurrency', settings.concurrency === null ? 'no limit' : String(settings.concurrency)],
    ['Async retries', `${settings.retries}, within ${settings.event_age} s`],
    ...(settings.on_failure === null ? [] : [['On failure', settings.on_failure] as [string, string]]),
    ...(settings.variables.length === 0 ? [] : [['Variables', settings.variables.join(', ')] as [string, string]]),
  ];
  return <>{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</>;
}

function ContractTypes({ contract }: { contract: Contract }) {
  return (
    <section class="panel" aria-label="Contract">
      <header class="panel-head"><h2>Contract</h2></header>
      <pre class="block">{contract.types}</pre>
    </section>
  );
}

function CallersAndCallees({ name }: { name: string }) {
  const edges = app.value?.edges ?? [];
  const callees = edges.filter((edge) => edge.from === name).map((edge) => edge.to);
  const callers = edges.filter((edge) => edge.to === name).map((edge) => edge.from);
  const link = (other: string, index: number) => <span key={other}>{index > 0 && ', '}<a href={pathTo(['workers', other])}><bdi>{other}</bdi></a></span>;
  return (
    <dl class="facts">
      <div><dt>Called by</dt><dd>{callers.length === 0 ? <span class="faint">no function of this app</span> : callers.map(link)}</dd></div>
      <div><dt>Calls</dt><dd>{callees.length === 0 ? <span class="faint">no worker</span> : callees.map(link)}</dd></div>
    </dl>
  );
}

function RecentLogLines({ name }: { name: string }) {
  const key = useLiveVersion((event: DevEvent) => event.kind === 'log' && event.worker === name, name);
  const { data, error, reload } = useFetch<{ events: LogEvent[] }>(`/dev-events?kind=log&worker=${encodeURIComponent(name)}&limit=${MAX_LOG_LINES}`, key);
  return (
    <section class="panel" aria-label="Recent log lines">
      <header class="panel-head"><h2>Recent log lines</h2></header>
      {error !== undefined && <ErrorNotice title="The log lines cannot be shown" error={error} retry={reload} />}
      {data?.events.length === 0 && <p class="panel-note">No log lines.</p>}
      {data && data.events.length > 0 && <LogLines lines={data.events} />}
    </section>
  );
}
