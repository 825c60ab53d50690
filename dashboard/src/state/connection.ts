// Keeps the page with the stream: loads what is there, follows what happens, and begins anew when `dev` was gone. One
// stream for each window, which is closed while the window is hidden for long.

import { currentToken, forgetToken, get, streamAddress } from '../api/client';
import { KINDS, type App, type Happening, type Invocation } from '../api/types';
import type { Entry } from './history';
import * as store from './store';

/** Milliseconds between two tries to connect. */
const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 1_500;
/** How long a hidden window keeps its stream: a browser has six connections to a host, for all windows. */
const HIDDEN = 60_000;
/** Invocations of one answer, which is the most that is allowed. */
const PAGE = 1_000;

let source: EventSource | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let hiddenTimer: ReturnType<typeof setTimeout> | undefined;
let tries = 0;
let run: string | undefined;
/** Which try to connect this is: what an older one still does is void. */
let turn = 0;
/** What came while the lists were loading. */
let early: Happening[] | undefined;

export function connect(): void {
  void open();
  document.addEventListener('visibilitychange', hiddenOrNot);
  window.addEventListener('pagehide', sleep);
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) wake();
  });
  store.onHappening(follow);
  setInterval(() => {
    if (document.visibilityState === 'visible') store.now.value = Date.now();
  }, 1_000);
}

async function open(): Promise<void> {
  const mine = (turn += 1);
  close();
  try {
    forgetToken();
    const token = await currentToken();
    const { last } = await get<{ last: number }>('/happenings?limit=1');
    if (mine !== turn) return;
    if (run !== undefined && run !== token) store.forget();
    run = token;
    early = [];
    listen(mine, last);
    await load(mine);
  } catch {
    if (mine === turn) lost();
  }
}

function listen(mine: number, last: number): void {
  const stream = new EventSource(streamAddress(last));
  source = stream;
  stream.onopen = () => {
    if (mine !== turn) return;
    tries = 0;
    store.phase.value = 'live';
    store.lostAt.value = undefined;
  };
  stream.onerror = () => {
    if (mine === turn) lost();
  };
  const heard = (event: MessageEvent<string>): void => {
    if (mine !== turn) return;
    const happening = JSON.parse(event.data) as Happening;
    if (early) early.push(happening);
    else store.take(happening);
  };
  for (const kind of KINDS) stream.addEventListener(kind, heard as (event: Event) => void);
  // What was missed is in the lists.
  stream.addEventListener('missed', () => {
    if (mine === turn) void open();
  });
}

async function load(mine: number): Promise<void> {
  const [app, invocations, builds, reloads, starts, queued, triggered] = await Promise.all([
    get<App>('/app'),
    get<{ invocations: Invocation[] }>(`/invocations?limit=${PAGE}`),
    happenings('build', 100),
    happenings('reloaded', 100),
    happenings('app_started', 1),
    happenings('queue', PAGE),
    happenings('trigger', PAGE).catch((): Happening[] => []),
  ]);
  if (mine !== turn) return;
  store.app.value = app;
  for (const happening of [...queued, ...triggered]) {
    if (happening.kind === 'queue') store.calls.queued(happening);
    if (happening.kind === 'trigger') store.calls.fired(happening);
  }
  store.load(invocations.invocations, [...builds, ...reloads, ...starts] as Entry[]);
  const waiting = early ?? [];
  early = undefined;
  for (const happening of waiting) store.take(happening);
  void loadQueue();
  void loadOlder(mine, invocations.invocations);
}

async function happenings(kind: string, limit: number): Promise<Happening[]> {
  return (await get<{ happenings: Happening[] }>(`/happenings?kind=${kind}&limit=${limit}`)).happenings;
}

/** Page by page, until there are no more or there is no more room. Versions without pages refuse, and that is that. */
async function loadOlder(mine: number, first: Invocation[]): Promise<void> {
  let page = first;
  try {
    for (let known = page.length; page.length === PAGE && known < store.MOST; known += page.length) {
      const before = encodeURIComponent(page.at(-1)?.request_id ?? '');
      page = (await get<{ invocations: Invocation[] }>(`/invocations?limit=${PAGE}&before=${before}`)).invocations;
      if (mine !== turn) return;
      store.calls.prepend(page);
      store.changes.value += 1;
    }
  } catch {
    // The list has what it has.
  }
}

let isAsking = false;
let isStale = false;

/** Asks for the queue, one answer at a time. */
export async function loadQueue(): Promise<void> {
  if (isAsking) {
    isStale = true;
    return;
  }
  isAsking = true;
  try {
    do {
      isStale = false;
      const { events } = await get<{ events: NonNullable<typeof store.queue.value> }>('/queue');
      store.queue.value = events;
      if (isStale) await new Promise((resolve) => setTimeout(resolve, 300));
    } while (isStale);
  } catch {
    // The connection says so.
  } finally {
    isAsking = false;
  }
}

function follow(happening: Happening): void {
  const isOfEvent = happening.kind === 'invocation_started' && happening.mode === 'event';
  if (happening.kind === 'queue' || isOfEvent) void loadQueue();
  const isOther = happening.kind === 'build' ? happening.state !== 'started' : happening.kind === 'app_started';
  if (isOther) void get<App>('/app').then((app) => (store.app.value = app), () => undefined);
}

function lost(): void {
  close();
  turn += 1;
  if (store.phase.value !== 'lost') store.lostAt.value = Date.now();
  store.phase.value = 'lost';
  forgetToken();
  timer = setTimeout(() => void open(), Math.min(FIRST_PAUSE * 2 ** tries, LONGEST_PAUSE));
  tries += 1;
}

/** Connects at once. */
export function retryNow(): void {
  tries = 0;
  void open();
}

function close(): void {
  clearTimeout(timer);
  source?.close();
  source = undefined;
  early = undefined;
}

function hiddenOrNot(): void {
  clearTimeout(hiddenTimer);
  if (document.visibilityState === 'hidden') hiddenTimer = setTimeout(sleep, HIDDEN);
  else if (store.phase.value === 'asleep') wake();
}

function sleep(): void {
  turn += 1;
  close();
  store.phase.value = 'asleep';
}

function wake(): void {
  store.phase.value = 'connecting';
  retryNow();
}
