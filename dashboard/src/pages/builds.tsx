// The page of builds and reloads, newest first, with the compiler's messages of failed builds.

import type { BuildEvent } from '../api/types';
import { BuildMessages } from '../components/build_messages';
import { EmptyState, Loading } from '../components/notice';
import { UntrustedLine } from '../components/untrusted_text';
import { type HistoryEntry, unresolvedFailures, runningBuild } from '../store/build_history';
import { history, isLoaded, now } from '../store/store';
import { ago, clock, duration } from '../text/format';

export function BuildsPage() {
  const current = history.value;
  const failed = unresolvedFailures(current);
  const build = runningBuild(current);
  return (
    <div class="page">
      <h1 tabIndex={-1}>Builds</h1>
      {!isLoaded.value && <Loading />}
      {build && <p class="banner is-busy" role="status">Building {subjectOf(build)}…</p>}
      {failed.map((failure) => (
        <section key={failure.id} class="panel is-failed" aria-label={`Failed: ${subjectOf(failure)}`}>
          <header class="panel-head"><h2>{subjectOf(failure)} failed</h2><span class="faint">{ago(Date.parse(failure.at), now.value)}</span></header>
          <BuildMessages build={failure} />
          <p class="panel-note">Fix the error and save the file again. The previous version keeps running.</p>
        </section>
      ))}
      {isLoaded.value && current.entries.every((entry) => entry.kind === 'app_started') && (
        <EmptyState title="No builds or reloads since `dev` started.">
          <p>Save a file of a worker: the new code is loaded within tens of milliseconds, and the reload appears here.</p>
        </EmptyState>
      )}
      {current.entries.length > 0 && <h2>History</h2>}
      <ol class="history">
        {current.entries.map((entry) => <HistoryItem key={entry.id} entry={entry} />)}
      </ol>
    </div>
  );
}

function HistoryItem({ entry }: { entry: HistoryEntry }) {
  const at = Date.parse(entry.at);
  return (
    <li class={`history-entry is-${entry.kind === 'build' ? entry.state : entry.kind}`}>
      <time dateTime={entry.at} title={ago(at, now.value)}>{clock(at)}</time>
      <span class="history-description">{describe(entry)}</span>
      <span class="history-details">
        {entry.kind === 'reloaded' && <UntrustedLine text={entry.files.join(', ')} />}
        {entry.kind === 'build' && entry.messages.length > 0 && (
          <details><summary>messages</summary><BuildMessages build={entry} /></details>
        )}
      </span>
      <span class="num faint">{'duration_ms' in entry && entry.duration_ms !== undefined ? duration(entry.duration_ms) : ''}</span>
    </li>
  );
}

function describe(entry: HistoryEntry): string {
  switch (entry.kind) {
    case 'reloaded':
      return `${entry.worker} reloaded`;
    case 'build':
      return `build of ${subjectOf(entry)} ${entry.state}`;
    case 'app_started':
      return 'the app started';
    case 'app_stopped':
      return 'the app stopped';
  }
}

function subjectOf(build: BuildEvent): string {
  return build.workers.length === 0 ? 'the app' : build.workers.join(', ');
}
