// Keeps the page up to date: loads the current state, follows the event stream, and starts over when `dev` was restarted.
// Each window has one stream, which is closed while the window is hidden for a long time.

import { currentToken, eventStreamUrl, forgetToken, get } from '../api/client';
import { DEV_EVENT_KINDS, type App, type DevEvent, type Invocation } from '../api/types';
import type { HistoryEntry } from './build_history';
import * as store from './store';

const MIN_RECONNECT_DELAY_MS = 200;
const MAX_RECONNECT_DELAY_MS = 1_500;
/** How long a hidden window keeps its stream: a browser has six connections to a host, shared by all windows. */
const HIDDEN_TIMEOUT_MS = 60_000;
/** Pause between two requests of the queue while it changes. */
const QUEUE_RELOAD_DELAY_MS = 300;
/** Invocations per request, which is the maximum that the API allows. */
const PAGE_SIZE = 1_000;

let source: EventSource | undefined;
let reconnectTimer: ReturnType<typeof setTimeout> | undefined;
let hiddenTimer: ReturnType<typeof setTimeout> | undefined;
let failedAttempts = 0;
/** The token of the run of `dev` that the state belongs to. */
let runToken: string | undefined;
/** Number of the current connection attempt; results of older attempts are ignored. */
let generation = 0;
/** Events that arrived while the lists were loading. */
let bufferedEvents: DevEvent[] | undefined;

export function connect(): void {
  void open();
  document.addEventListener('visibilitychange', onVisibilityChange);
  window.addEventListener('pagehide', pause);
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) resume();
  });
  store.subscribe(reloadAfter);
  setInterval(() => {
    if (document.visibilityState === 'visible') store.now.value = Date.now();
  }, 1_000);
}

async function open(): Promise<void> {
  const own = (generation += 1);
  close();
  try {
    forgetToken();
    const token = await currentToken();
    const { last } = await get<{ last: number }>('/dev-events?limit=1');
    if (own !== generation) return;
    if (runToken !== undefined && runToken !== token) store.reset();
    runToken = token;
    bufferedEvents = [];
    openStream(own, last);
    await load(own);
  } catch {
    if (own === generation) onDisconnect();
  }
}

function openStream(own: number, last: number): void {
  const stream = new EventSource(eventStreamUrl(last));
  source = stream;
  stream.onopen = () => {
    if (own !== generation) return;
    failedAttempts = 0;
    store.connectionState.value = 'live';
    store.disconnectedAt.value = undefined;
  };
  stream.onerror = () => {
    if (own === generation) onDisconnect();
  };
  const onEvent = (message: MessageEvent<string>): void => {
    if (own !== generation) return;
    const event = JSON.parse(message.data) as DevEvent;
    if (bufferedEvents) bufferedEvents.push(event);
    else store.applyEvent(event);
  };
  for (const kind of DEV_EVENT_KINDS) stream.addEventListener(kind, onEvent as (event: Event) => void);
  // The stream skipped events; the lists contain them.
  stream.addEventListener('missed', () => {
    if (own === generation) void open();
  });
}

async function load(own: number): Promise<void> {
  const [app, invocations, builds, reloads, starts, queueUpdates, triggerEvents] = await Promise.all([
    get<App>('/app'),
    get<{ invocations: Invocation[] }>(`/invocations?limit=${PAGE_SIZE}`),
    fetchDevEvents('build', 100),
    fetchDevEvents('reloaded', 100),
    fetchDevEvents('app_started', 1),
    fetchDevEvents('queue', PAGE_SIZE),
    fetchDevEvents('trigger', PAGE_SIZE).catch((): DevEvent[] => []),
  ]);
  if (own !== generation) return;
  store.app.value = app;
  for (const event of [...queueUpdates, ...triggerEvents]) {
    if (event.kind === 'queue') store.invocations.applyQueueUpdate(event);
    if (event.kind === 'trigger') store.invocations.applyTriggerEvent(event);
  }
  store.loadSnapshot(invocations.invocations, [...builds, ...reloads, ...starts] as HistoryEntry[]);
  const buffered = bufferedEvents ?? [];
  bufferedEvents = undefined;
  for (const event of buffered) store.applyEvent(event);
  void loadQueue();
  void loadOlderPages(own, invocations.invocations).then(() => loadFailures(own));
}

async function fetchDevEvents(kind: string, limit: number): Promise<DevEvent[]> {
  return (await get<{ events: DevEvent[] }>(`/dev-events?kind=${kind}&limit=${limit}`)).events;
}

/** Loads older invocations page by page, until there are no more or the store is full. Versions of the API without pages return an error, which is ignored. */
async function loadOlderPages(own: number, first: Invocation[]): Promise<void> {
  let page = first;
  try {
    for (let known = page.length; page.length === PAGE_SIZE && known < store.MAX_INVOCATIONS; known += page.length) {
      const before = encodeURIComponent(page.at(-1)?.request_id ?? '');
      page = (await get<{ invocations: Invocation[] }>(`/invocations?limit=${PAGE_SIZE}&before=${before}`)).invocations;
      if (own !== generation) return;
      store.invocations.prepend(page);
      store.version.value += 1;
    }
  } catch {
    // The pages loaded so far stay in the list.
  }
}

/** Loads failures that are older than the other invocations: `dev` keeps them apart. Older versions of the API return an error, which is ignored. */
async function loadFailures(own: number): Promise<void> {
  const failed = await get<{ invocations: Invocation[] }>(`/invocations?limit=${PAGE_SIZE}&outcome=failed`).catch(() => undefined);
  if (own !== generation || failed === undefined) return;
  store.invocations.prepend(failed.invocations);
  store.version.value += 1;
}

let isQueueLoading = false;
let isQueueStale = false;

/** Loads the queue, with at most one request at a time. */
export async function loadQueue(): Promise<void> {
  if (isQueueLoading) {
    isQueueStale = true;
    return;
  }
  isQueueLoading = true;
  try {
    do {
      isQueueStale = false;
      const { events } = await get<{ events: NonNullable<typeof store.queue.value> }>('/queue');
      store.queue.value = events;
      if (isQueueStale) await new Promise((resolve) => setTimeout(resolve, QUEUE_RELOAD_DELAY_MS));
    } while (isQueueStale);
  } catch {
    // The state of the connection shows the error.
  } finally {
    isQueueLoading = false;
  }
}

/** Reloads the queue or the app after events that change them. */
function reloadAfter(event: DevEvent): void {
  const isAsyncStart = event.kind === 'invocation_started' && event.mode === 'event';
  if (event.kind === 'queue' || isAsyncStart) void loadQueue();
  const changesApp = event.kind === 'build' ? event.state !== 'started' : event.kind === 'app_started';
  if (changesApp) void get<App>('/app').then((app) => (store.app.value = app), () => undefined);
}

function onDisconnect(): void {
  close();
  generation += 1;
  if (store.connectionState.value !== 'lost') store.disconnectedAt.value = Date.now();
  store.connectionState.value = 'lost';
  forgetToken();
  reconnectTimer = setTimeout(() => void open(), Math.min(MIN_RECONNECT_DELAY_MS * 2 ** failedAttempts, MAX_RECONNECT_DELAY_MS));
  failedAttempts += 1;
}

/** Connects immediately. */
export function retryNow(): void {
  failedAttempts = 0;
  void open();
}

function close(): void {
  clearTimeout(reconnectTimer);
  source?.close();
  source = undefined;
  bufferedEvents = undefined;
}

function onVisibilityChange(): void {
  clearTimeout(hiddenTimer);
  if (document.visibilityState === 'hidden') hiddenTimer = setTimeout(pause, HIDDEN_TIMEOUT_MS);
  else if (store.connectionState.value === 'paused') resume();
}

function pause(): void {
  generation += 1;
  close();
  store.connectionState.value = 'paused';
}

function resume(): void {
  store.connectionState.value = 'connecting';
  retryNow();
}
