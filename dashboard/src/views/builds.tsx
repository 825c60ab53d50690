// What was built and reloaded, the newest first, with what the compiler says of what failed.

import type { Build } from '../api/types';
import { BuildMessages } from '../parts/build';
import { Empty, Loading } from '../parts/notice';
import { Brief } from '../parts/said';
import { type Entry, broken, running } from '../state/history';
import { history, isLoaded, now } from '../state/store';
import { ago, clock, duration } from '../text/format';

export function Builds() {
  const all = history.value;
  const failed = broken(all);
  const build = running(all);
  return (
    <div class="page">
      <h1 tabIndex={-1}>Builds</h1>
      {!isLoaded.value && <Loading />}
      {build && <p class="banner is-busy" role="status">Building {whose(build)}…</p>}
      {failed.map((one) => (
        <section key={one.id} class="panel is-failed" aria-label={`Failed: ${whose(one)}`}>
          <header class="panel-head"><h2>{whose(one)} failed</h2><span class="faint">{ago(Date.parse(one.at), now.value)}</span></header>
          <BuildMessages build={one} />
          <p class="panel-note">Save the file again once it is mended; what ran before runs on.</p>
        </section>
      ))}
      {isLoaded.value && all.entries.every((entry) => entry.kind === 'app_started') && (
        <Empty title="Nothing was built or reloaded since `dev` started.">
          <p>Save a file of a worker: new code is in place in tens of milliseconds, and appears here.</p>
        </Empty>
      )}
      {all.entries.length > 0 && <h2>History</h2>}
      <ol class="history">
        {all.entries.map((entry) => <HistoryEntry key={entry.id} entry={entry} />)}
      </ol>
    </div>
  );
}

function HistoryEntry({ entry }: { entry: Entry }) {
  const at = Date.parse(entry.at);
  return (
    <li class={`history-entry is-${entry.kind === 'build' ? entry.state : entry.kind}`}>
      <time dateTime={entry.at} title={ago(at, now.value)}>{clock(at)}</time>
      <span class="history-what">{what(entry)}</span>
      <span class="history-more">
        {entry.kind === 'reloaded' && <Brief text={entry.files.join(', ')} />}
        {entry.kind === 'build' && entry.messages.length > 0 && (
          <details><summary>what it said</summary><BuildMessages build={entry} /></details>
        )}
      </span>
      <span class="num faint">{'duration_ms' in entry && entry.duration_ms !== undefined ? duration(entry.duration_ms) : ''}</span>
    </li>
  );
}

function what(entry: Entry): string {
  switch (entry.kind) {
    case 'reloaded':
      return `${entry.worker} reloaded`;
    case 'build':
      return `build of ${whose(entry)} ${entry.state}`;
    case 'app_started':
      return 'the app started';
    case 'app_stopped':
      return 'the app stopped';
  }
}

function whose(build: Build): string {
  return build.workers.length === 0 ? 'the app' : build.workers.join(', ');
}
