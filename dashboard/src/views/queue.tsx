// Events that nobody waits for: which wait and until when, which run, which were given up; and what can be done about it.

import { useState } from 'preact/hooks';
import { post } from '../api/client';
import type { QueueEvent } from '../api/types';
import { LanguageBadge } from '../parts/badge';
import { Command } from '../parts/copy';
import { Confirm } from '../parts/dialog';
import { languageOf } from '../parts/invocation_row';
import { Json } from '../parts/json';
import { Empty, Failure, Loading } from '../parts/notice';
import { PayloadBox, briefly } from '../parts/payload';
import { Brief } from '../parts/said';
import { pathTo } from '../route/path';

import { loadQueue } from '../state/connection';
import { app, calls, changes, now, queue } from '../state/store';
import { compact } from '../text/exact';
import { ago, clock, plural, short, until } from '../text/format';
import { quoted } from '../text/command';

/** Events of a kind that are shown at first. */
const EVENTS = 100;

const GROUPS: [QueueEvent['state'], string, string][] = [
  ['failed', 'Given up', 'No further attempt comes by itself.'],
  ['running', 'Running', ''],
  ['waiting', 'Waiting', ''],
];

export function QueueView() {
  const events = queue.value;
  return (
    <div class="page">
      <h1 tabIndex={-1}>Queue</h1>
      {!events && <Loading />}
      {events?.length === 0 && <NoEvents />}
      {GROUPS.map(([state, title, note]) => {
        const some = events?.filter((event) => event.state === state) ?? [];
        if (some.length === 0) return null;
        return <Group key={state} title={title} note={note} events={some} />;
      })}
    </div>
  );
}

function Group({ title, note, events }: { title: string; note: string; events: QueueEvent[] }) {
  const [most, setMost] = useState(EVENTS);
  return (
    <section aria-label={title}>
      <h2>{title} <span class="faint">{events.length}</span></h2>
      {note !== '' && <p class="faint">{note}</p>}
      <ul class="events">{events.slice(0, most).map((event) => <EventItem key={event.event_id} event={event} />)}</ul>
      {events.length > most && <button type="button" class="more" onClick={() => setMost(most + 5 * EVENTS)}>show more ({events.length - most} left)</button>}
    </section>
  );
}

function NoEvents() {
  const worker = app.value?.workers[0]?.name ?? 'WORKER';
  return (
    <Empty title="The queue is empty.">
      <p>Calls that nobody waits for wait here, and what failed three times stays here until you retry or drop it. To send one:</p>
      <Command text={`cargo bedrock invoke ${quoted(worker)} --event`} />
    </Empty>
  );
}

function EventItem({ event }: { event: QueueEvent }) {
  return (
    <li class={`event is-${event.state}`}>
      <div class="event-head">
        <LanguageBadge language={languageOf(event.worker)} />
        <a href={pathTo(['queue', event.event_id])}><b><bdi>{event.worker}</bdi></b> <span class="mono faint">{short(event.event_id)}</span></a>
        <span class="event-when">{when(event)}</span>
      </div>
      {said(event) !== '' && <p class="error-text"><Brief text={said(event)} most={300} /></p>}
      <p class="mono faint event-payload"><Brief text={briefly(event.event)} most={160} /></p>
      <EventActions event={event} />
    </li>
  );
}

function when(event: QueueEvent): string {
  const attempts = plural(event.attempts, 'attempt');
  if (event.state === 'waiting') return event.next_at === null ? attempts : `${attempts}, next ${until(Date.parse(event.next_at), now.value)}`;
  if (event.state === 'running') return `attempt ${event.attempts + 1} runs`;
  return `${attempts}, accepted ${ago(Date.parse(event.accepted_at), now.value)}${event.reason === null ? '' : `, ${event.reason}`}`;
}

/** The last error, in the shape that Lambda gives errors, or whatever it is. */
function said(event: QueueEvent): string {
  const last = event.last_error;
  if (last === null || last === undefined) return '';
  if (typeof last !== 'object') return String(last);
  const { errorType, errorMessage } = last as { errorType?: unknown; errorMessage?: unknown };
  if (errorType === undefined && errorMessage === undefined) return compact(last);
  return [errorType, errorMessage].filter((part) => part !== undefined).map(String).join(': ');
}

function EventActions({ event }: { event: QueueEvent }) {
  const { event_id: id, worker } = event;
  const [isAsked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const act = async (what: 'retry' | 'drop'): Promise<void> => {
    setBusy(true);
    setError(undefined);
    setAsked(false);
    try {
      await post(`/queue/${encodeURIComponent(id)}/${what}`);
      await loadQueue();
    } catch (failed) {
      setError(failed);
    } finally {
      setBusy(false);
    }
  };
  changes.value;
  const hasRun = event.attempts > 0 || calls.get(id) !== undefined;
  return (
    <div class="actions is-small">
      {event.state !== 'running' && <button type="button" disabled={busy} aria-label={`${event.state === 'failed' ? 'Retry' : 'Run now'} ${worker} ${short(id)}`} onClick={() => void act('retry')}>{event.state === 'failed' ? 'Retry' : 'Run now'}</button>}
      {event.state !== 'running' && <button type="button" disabled={busy} aria-label={`Drop ${worker} ${short(id)}`} onClick={() => setAsked(true)}>Drop</button>}
      {hasRun && <a class="button quiet" href={pathTo(['invocations', id])} aria-label={`Attempts of ${worker} ${short(id)}`}>Attempts</a>}
      {error !== undefined && <Failure what="It could not be done" error={error} />}
      {isAsked && (
        <Confirm
          title="Drop this event?"
          text={`It is for ${worker}, and will be gone for good: nobody runs it any more.`}
          action="Drop"
          onDone={() => void act('drop')}
          onClose={() => setAsked(false)}
        />
      )}
    </div>
  );
}

export function QueueEventView({ id }: { id: string }) {
  const event = queue.value?.find((one) => one.event_id === id);
  return (
    <div class="page">
      <h1 tabIndex={-1}>{event ? <><LanguageBadge language={languageOf(event.worker)} /> <bdi>{event.worker}</bdi></> : `Event ${short(id)}`}</h1>
      {!queue.value && <Loading />}
      {queue.value && !event && (
        <Empty title="This event is not in the queue.">
          <p>It was worked on, or dropped. <a href={pathTo(['invocations', id])}>Its attempts</a> may still be kept; <a href="/queue">the queue</a> has the others.</p>
        </Empty>
      )}
      {event && <EventFacts event={event} />}
      {event && <EventActions event={event} />}
      {event && event.last_error !== null && event.last_error !== undefined && (
        <section class="panel is-failed" aria-label="Last error"><header class="panel-head"><h2>Last error</h2></header><Json value={event.last_error} /></section>
      )}
      {event && <PayloadBox title="Event" payload={event.event} missing="It is not kept." />}
    </div>
  );
}

function EventFacts({ event }: { event: QueueEvent }) {
  const accepted = Date.parse(event.accepted_at);
  return (
    <dl class="facts">
      <div><dt>Event id</dt><dd class="mono">{event.event_id}</dd></div>
      <div><dt>State</dt><dd>{GROUPS.find(([state]) => state === event.state)?.[1]}</dd></div>
      <div><dt>Accepted</dt><dd>{clock(accepted)} <span class="faint">{ago(accepted, now.value)}</span></dd></div>
      <div><dt>Attempts</dt><dd>{event.attempts}</dd></div>
      {event.next_at !== null && <div><dt>Next</dt><dd>{clock(Date.parse(event.next_at))} <span class="faint">{until(Date.parse(event.next_at), now.value)}</span></dd></div>}
      {event.reason !== null && <div><dt>Why given up</dt><dd>{event.reason}</dd></div>}
    </dl>
  );
}

