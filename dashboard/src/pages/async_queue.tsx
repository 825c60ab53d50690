// The page of the async queue: pending and running events, dead letters, and the actions on them.

import { useState } from 'preact/hooks';
import { post } from '../api/client';
import type { QueuedEvent } from '../api/types';
import { LanguageBadge } from '../components/badge';
import { Command } from '../components/copy_button';
import { ConfirmDialog } from '../components/dialog';
import { languageOf } from '../components/invocation_row';
import { JsonTree } from '../components/json_tree';
import { EmptyState, ErrorNotice, Loading } from '../components/notice';
import { PayloadPanel, payloadSummary } from '../components/payload_panel';
import { UntrustedLine } from '../components/untrusted_text';
import { pathTo } from '../route/path';
import { MessageQueues } from './message_queues';
import { loadQueue } from '../store/connection';
import { app, invocations, now, queue, version } from '../store/store';
import { compact } from '../text/exact_json';
import { ago, clock, plural, shortId, timeUntil } from '../text/format';
import { shellQuote } from '../text/shell_command';

/** Events of each state that are shown initially. */
const INITIAL_EVENTS = 100;
/** Events that each click on "show more" adds. */
const MORE_EVENTS = 500;

const GROUPS: [QueuedEvent['state'], string, string][] = [
  ['failed', 'Dead letters', 'All attempts failed. These events are not retried automatically.'],
  ['running', 'Running', ''],
  ['waiting', 'Pending', ''],
];

export function QueuePage() {
  const events = queue.value;
  return (
    <div class="page">
      <h1 tabIndex={-1}>Async queue</h1>
      {!events && <Loading />}
      {events?.length === 0 && <NoEvents />}
      {GROUPS.map(([state, title, note]) => {
        const matching = events?.filter((event) => event.state === state) ?? [];
        if (matching.length === 0) return null;
        return <Group key={state} title={title} note={note} events={matching} />;
      })}
      <MessageQueues />
    </div>
  );
}

function Group({ title, note, events }: { title: string; note: string; events: QueuedEvent[] }) {
  const [eventLimit, setEventLimit] = useState(INITIAL_EVENTS);
  return (
    <section aria-label={title}>
      <h2>{title} <span class="faint">{events.length}</span></h2>
      {note !== '' && <p class="faint">{note}</p>}
      <ul class="events">{events.slice(0, eventLimit).map((event) => <EventItem key={event.event_id} event={event} />)}</ul>
      {events.length > eventLimit && <button type="button" class="more" onClick={() => setEventLimit(eventLimit + MORE_EVENTS)}>show more ({events.length - eventLimit} left)</button>}
    </section>
  );
}

function NoEvents() {
  const worker = app.value?.workers[0]?.name ?? 'WORKER';
  return (
    <EmptyState title="The async queue is empty.">
      <p>Asynchronous invocations are queued here. An event that fails three times stays as a dead letter until you retry or drop it. Send an event:</p>
      <Command text={`cargo bedrock invoke ${shellQuote(worker)} --event`} />
    </EmptyState>
  );
}

function EventItem({ event }: { event: QueuedEvent }) {
  return (
    <li class={`event is-${event.state}`}>
      <div class="event-head">
        <LanguageBadge language={languageOf(event.worker)} />
        <a href={pathTo(['queue', event.event_id])}><b><bdi>{event.worker}</bdi></b> <span class="mono faint">{shortId(event.event_id)}</span></a>
        <span class="event-when">{statusOf(event)}</span>
      </div>
      {lastErrorText(event) !== '' && <p class="error-text"><UntrustedLine text={lastErrorText(event)} maxChars={300} /></p>}
      <p class="mono faint event-payload"><UntrustedLine text={payloadSummary(event.event)} maxChars={160} /></p>
      <EventActions event={event} />
    </li>
  );
}

function statusOf(event: QueuedEvent): string {
  const attempts = plural(event.attempts, 'attempt');
  if (event.state === 'waiting') return event.next_at === null ? attempts : `${attempts}, next ${timeUntil(Date.parse(event.next_at), now.value)}`;
  if (event.state === 'running') return `attempt ${event.attempts + 1} is running`;
  return `${attempts}, accepted ${ago(Date.parse(event.accepted_at), now.value)}${event.reason === null ? '' : `, ${event.reason}`}`;
}

/** Formats the last error: as type and message if it has the shape of a Lambda error, otherwise as JSON. */
function lastErrorText(event: QueuedEvent): string {
  const last = event.last_error;
  if (last === null || last === undefined) return '';
  if (typeof last !== 'object') return String(last);
  const { errorType, errorMessage } = last as { errorType?: unknown; errorMessage?: unknown };
  if (errorType === undefined && errorMessage === undefined) return compact(last);
  return [errorType, errorMessage].filter((part) => part !== undefined).map(String).join(': ');
}

function EventActions({ event }: { event: QueuedEvent }) {
  const { event_id: id, worker } = event;
  const [isConfirming, setConfirming] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const perform = async (action: 'retry' | 'drop'): Promise<void> => {
    setBusy(true);
    setError(undefined);
    setConfirming(false);
    try {
      await post(`/queue/${encodeURIComponent(id)}/${action}`);
      await loadQueue();
    } catch (reason) {
      setError(reason);
    } finally {
      setBusy(false);
    }
  };
  version.value;
  const hasRun = event.attempts > 0 || invocations.get(id) !== undefined;
  return (
    <div class="actions is-small">
      {event.state !== 'running' && <button type="button" disabled={busy} aria-label={`${event.state === 'failed' ? 'Retry' : 'Run now'} ${worker} ${shortId(id)}`} onClick={() => void perform('retry')}>{event.state === 'failed' ? 'Retry' : 'Run now'}</button>}
      {event.state !== 'running' && <button type="button" disabled={busy} aria-label={`Drop ${worker} ${shortId(id)}`} onClick={() => setConfirming(true)}>Drop</button>}
      {hasRun && <a class="button quiet" href={pathTo(['invocations', id])} aria-label={`Attempts of ${worker} ${shortId(id)}`}>Attempts</a>}
      {error !== undefined && <ErrorNotice title="The event could not be changed" error={error} />}
      {isConfirming && (
        <ConfirmDialog
          title="Drop this event?"
          text={`The event for ${worker} is deleted permanently and will not be run again.`}
          action="Drop"
          onConfirm={() => void perform('drop')}
          onClose={() => setConfirming(false)}
        />
      )}
    </div>
  );
}

export function QueueEventPage({ id }: { id: string }) {
  const event = queue.value?.find((candidate) => candidate.event_id === id);
  return (
    <div class="page">
      <h1 tabIndex={-1}>{event ? <><LanguageBadge language={languageOf(event.worker)} /> <bdi>{event.worker}</bdi></> : `Event ${shortId(id)}`}</h1>
      {!queue.value && <Loading />}
      {queue.value && !event && (
        <EmptyState title="This event is not in the async queue.">
          <p>It was processed or dropped. <a href={pathTo(['invocations', id])}>Its attempts</a> may still be stored. <a href="/queue">All queued events</a></p>
        </EmptyState>
      )}
      {event && <EventFacts event={event} />}
      {event && <EventActions event={event} />}
      {event && event.last_error !== null && event.last_error !== undefined && (
        <section class="panel is-failed" aria-label="Last error"><header class="panel-head"><h2>Last error</h2></header><JsonTree value={event.last_error} /></section>
      )}
      {event && <PayloadPanel title="Event" payload={event.event} missing="The event is not stored." />}
    </div>
  );
}

function EventFacts({ event }: { event: QueuedEvent }) {
  const acceptedAt = Date.parse(event.accepted_at);
  return (
    <dl class="facts">
      <div><dt>Event id</dt><dd class="mono">{event.event_id}</dd></div>
      <div><dt>State</dt><dd>{GROUPS.find(([state]) => state === event.state)?.[1]}</dd></div>
      <div><dt>Accepted</dt><dd>{clock(acceptedAt)} <span class="faint">{ago(acceptedAt, now.value)}</span></dd></div>
      <div><dt>Attempts</dt><dd>{event.attempts}</dd></div>
      {event.next_at !== null && <div><dt>Next attempt</dt><dd>{clock(Date.parse(event.next_at))} <span class="faint">{timeUntil(Date.parse(event.next_at), now.value)}</span></dd></div>}
      {event.reason !== null && <div><dt>Reason</dt><dd>{event.reason}</dd></div>}
    </dl>
  );
}
