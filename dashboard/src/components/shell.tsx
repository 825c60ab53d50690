// The frame around every page: navigation, state of the connection, banners of lost connections and failed builds.

import { useEffect } from 'preact/hooks';
import { unresolvedFailures } from '../store/build_history';
import { retryNow } from '../store/connection';
import { app, history, disconnectedAt, now, connectionState, queue } from '../store/store';
import type { Route } from '../route/path';
import { navigationCount, route } from '../route/router';
import { ago, plural } from '../text/format';
import { CurrentPage } from '../pages/current_page';
import { BuildMessages } from './build_messages';
import { Shortcuts, showShortcuts } from './shortcuts';
import { ThemeButton } from './theme';

const NAVIGATION_LINKS: { path: string; label: string; routes: Route['name'][] }[] = [
  { path: '/', label: 'Overview', routes: ['overview'] },
  { path: '/graph', label: 'Graph', routes: ['graph'] },
  { path: '/invocations', label: 'Invocations', routes: ['invocations', 'invocation', 'trace'] },
  { path: '/workers', label: 'Workers', routes: ['workers', 'worker', 'run'] },
  { path: '/queue', label: 'Async queue', routes: ['queue', 'event'] },
  { path: '/executions', label: 'Executions', routes: ['executions', 'execution'] },
  { path: '/builds', label: 'Builds', routes: ['builds'] },
];

export function Shell() {
  useFocusOnNavigation();
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={focusMain}>Skip to content</a>
      <header class="top">
        <a class="app-name" href="/" title={app.value?.name}>
          <svg viewBox="0 0 32 32" width="20" height="20" aria-hidden="true"><path d="M6 22h20v4H6z" fill="#c8682c" /><path d="M9 16h14v4H9z" fill="#3f7fbf" /><path d="M12 10h8v4h-8z" fill="#b8991f" /></svg>
          <bdi>{app.value?.name ?? 'cargo bedrock dev'}</bdi>
        </a>
        <Navigation />
        <div class="top-end">
          <Connection />
          <ThemeButton />
          <button type="button" class="icon" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)" onClick={showShortcuts}><span aria-hidden="true">?</span></button>
        </div>
      </header>
      <div class="banners">
        <DisconnectedBanner />
        <BuildBanner />
      </div>
      <main id="main" class={`main page-${route.value.name}`} tabIndex={-1}>
        <CurrentPage />
      </main>
      <Shortcuts />
    </div>
  );
}

/** Moves the focus to the heading of a new page, so that screen readers announce it. */
function useFocusOnNavigation(): void {
  const navigations = navigationCount.value;
  useEffect(() => {
    if (navigations === 0) return;
    const main = document.getElementById('main');
    main?.scrollTo(0, 0);
    // A keyboard shortcut may already have focused a field of the new page.
    if (main?.querySelector('input:focus, textarea:focus')) return;
    const heading = main?.querySelector<HTMLElement>('h1');
    (heading ?? main)?.focus({ preventScroll: true });
  }, [navigations]);
}

function focusMain(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Navigation() {
  const deadLetters = queue.value?.filter((event) => event.state === 'failed').length ?? 0;
  const hasDurableWorker = app.value?.workers.some((worker) => worker.durable === true) ?? false;
  const failedBuilds = unresolvedFailures(history.value).length;
  const badges: Record<string, string> = {
    ...(deadLetters > 0 ? { '/queue': plural(deadLetters, 'dead letter') } : {}),
    ...(failedBuilds > 0 ? { '/builds': 'failed' } : {}),
  };
  return (
    <nav class="navigation" aria-label="Pages">
      {NAVIGATION_LINKS.filter(({ path }) => path !== '/executions' || hasDurableWorker).map(({ path, label, routes }) => (
        <a key={path} href={path} aria-current={routes.includes(route.value.name) ? 'page' : undefined}>
          {label}
          {badges[path] !== undefined && <span class="mark" title={badges[path]}><span class="visually-hidden">, </span>{badges[path].split(' ')[0]}<span class="visually-hidden"> {badges[path].split(' ').slice(1).join(' ')}</span></span>}
        </a>
      ))}
    </nav>
  );
}

function Connection() {
  const label = { connecting: 'connecting', live: 'live', lost: 'disconnected', paused: 'paused' }[connectionState.value];
  return <span class={`connection is-${connectionState.value}`} role="status" data-testid="connection">{label}</span>;
}

function DisconnectedBanner() {
  if (connectionState.value !== 'lost') return null;
  return (
    <div class="banner is-lost" role="alert">
      <p>
        <strong>`cargo bedrock dev` does not answer</strong>
        {disconnectedAt.value !== undefined && <span> (lost {ago(disconnectedAt.value, Math.max(now.value, disconnectedAt.value))})</span>}. The page reconnects
        automatically; if it is not running, start it again with <code>cargo bedrock dev</code>.
      </p>
      <button type="button" onClick={retryNow}>Reconnect now</button>
    </div>
  );
}

function BuildBanner() {
  const failures = unresolvedFailures(history.value);
  const newest = failures[0];
  if (!newest || route.value.name === 'builds') return null;
  const subject = newest.workers.length === 0 ? 'The build' : `The build of ${newest.workers.join(', ')}`;
  return (
    <div class="banner is-failed" role="alert">
      <details>
        <summary>
          <strong>{subject} failed</strong>
          {failures.length > 1 && `, and ${plural(failures.length - 1, 'other')}`}. Workers keep running their previous version; invocations of code that does not load fail.
        </summary>
        <BuildMessages build={newest} />
      </details>
      <a href="/builds">Builds</a>
    </div>
  );
}
