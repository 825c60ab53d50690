// What is around every view: where one can go, how the connection is, a build that failed.

import { useEffect } from 'preact/hooks';
import { broken } from '../state/history';
import { retryNow } from '../state/connection';
import { app, history, lostAt, now, phase, queue } from '../state/store';
import type { View } from '../route/path';
import { arrivals, view } from '../route/router';
import { ago, plural } from '../text/format';
import { Views } from '../views/views';
import { BuildMessages } from './build';
import { Shortcuts, showShortcuts } from './shortcuts';
import { ThemeButton } from './theme';

const PLACES: { path: string; label: string; views: View['name'][] }[] = [
  { path: '/', label: 'Overview', views: ['overview'] },
  { path: '/graph', label: 'Graph', views: ['graph'] },
  { path: '/invocations', label: 'Invocations', views: ['invocations', 'invocation', 'trace'] },
  { path: '/workers', label: 'Workers', views: ['workers', 'worker', 'run'] },
  { path: '/queue', label: 'Queue', views: ['queue', 'event'] },
  { path: '/builds', label: 'Builds', views: ['builds'] },
];

export function Shell() {
  useArrival();
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={toMain}>Skip to the view</a>
      <header class="top">
        <a class="app-name" href="/" title={app.value?.name}>
          <svg viewBox="0 0 32 32" width="20" height="20" aria-hidden="true"><path d="M6 22h20v4H6z" fill="#c8682c" /><path d="M9 16h14v4H9z" fill="#3f7fbf" /><path d="M12 10h8v4h-8z" fill="#b8991f" /></svg>
          <bdi>{app.value?.name ?? 'cargo bedrock dev'}</bdi>
        </a>
        <Places />
        <div class="top-end">
          <Connection />
          <ThemeButton />
          <button type="button" class="icon" aria-label="Keys" title="Keys (?)" onClick={showShortcuts}><span aria-hidden="true">?</span></button>
        </div>
      </header>
      <div class="banners">
        <LostBanner />
        <BuildBanner />
      </div>
      <main id="main" class={`main view-${view.value.name}`} tabIndex={-1}>
        <Views />
      </main>
      <Shortcuts />
    </div>
  );
}

/** Who moves to another view is read its heading, and goes on from there. */
function useArrival(): void {
  const arrived = arrivals.value;
  useEffect(() => {
    if (arrived === 0) return;
    const main = document.getElementById('main');
    main?.scrollTo(0, 0);
    // A key may have gone to a field of the new view already.
    if (main?.querySelector('input:focus, textarea:focus')) return;
    const heading = main?.querySelector<HTMLElement>('h1');
    (heading ?? main)?.focus({ preventScroll: true });
  }, [arrived]);
}

function toMain(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Places() {
  const givenUp = queue.value?.filter((event) => event.state === 'failed').length ?? 0;
  const failed = broken(history.value).length;
  const notes: Record<string, string> = {
    ...(givenUp > 0 ? { '/queue': `${givenUp} given up` } : {}),
    ...(failed > 0 ? { '/builds': 'failed' } : {}),
  };
  return (
    <nav class="places" aria-label="Views">
      {PLACES.map(({ path, label, views }) => (
        <a key={path} href={path} aria-current={views.includes(view.value.name) ? 'page' : undefined}>
          {label}
          {notes[path] !== undefined && <span class="mark" title={notes[path]}><span class="visually-hidden">, </span>{notes[path].split(' ')[0]}<span class="visually-hidden"> {notes[path].split(' ').slice(1).join(' ')}</span></span>}
        </a>
      ))}
    </nav>
  );
}

function Connection() {
  const label = { connecting: 'connecting', live: 'live', lost: 'not connected', asleep: 'paused' }[phase.value];
  return <span class={`connection is-${phase.value}`} role="status" data-testid="connection">{label}</span>;
}

function LostBanner() {
  if (phase.value !== 'lost') return null;
  return (
    <div class="banner is-lost" role="alert">
      <p>
        <strong>`cargo bedrock dev` does not answer</strong>
        {lostAt.value !== undefined && <span> (lost {ago(lostAt.value, Math.max(now.value, lostAt.value))})</span>}. The page connects again by itself as soon as
        it is there; if it has ended, start it anew with <code>cargo bedrock dev</code>.
      </p>
      <button type="button" onClick={retryNow}>Connect now</button>
    </div>
  );
}

function BuildBanner() {
  const failed = broken(history.value);
  const newest = failed[0];
  if (!newest || view.value.name === 'builds') return null;
  const whose = newest.workers.length === 0 ? 'The build' : `The build of ${newest.workers.join(', ')}`;
  return (
    <div class="banner is-failed" role="alert">
      <details>
        <summary>
          <strong>{whose} failed</strong>
          {failed.length > 1 && `, and ${plural(failed.length - 1, 'other')}`}. Workers that ran before run on with their old code; what does not load fails.
        </summary>
        <BuildMessages build={newest} />
      </details>
      <a href="/builds">Builds</a>
    </div>
  );
}
