// The message queues of the app's triggers, and their messages: dead letters can be sent back, messages dropped.

import { useEffect, useState } from 'preact/hooks';
import { get, post } from '../api/client';
import type { MessageQueue, QueueMessage } from '../api/types';
import { ConfirmDialog } from '../components/dialog';
import { ErrorNotice } from '../components/notice';
import { payloadSummary } from '../components/payload_panel';
import { UntrustedLine } from '../components/untrusted_text';
import { now } from '../store/store';
import { ago, plural, shortId, timeUntil } from '../text/format';

/** Pause between two requests of the queues: messages change without dev events. */
const RELOAD_MS = 2_000;

export function MessageQueues() {
  const [queues, setQueues] = useState<MessageQueue[]>([]);
  const [changes, setChanges] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    // Versions of the API without queues return an error.
    const load = (): void => void get<{ queues: MessageQueue[] }>('/queues', abort.signal).then((found) => setQueues(found.queues), () => undefined);
    load();
    const timer = setInterval(() => document.visibilityState === 'visible' && load(), RELOAD_MS);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [changes]);
  return (
    <>
      {queues.map((queue) => <Queue key={queue.name} queue={queue} source={queues.find((other) => other.dead_letter_queue === queue.name)} onChange={() => setChanges(changes + 1)} />)}
    </>
  );
}

interface QueueProps {
  queue: MessageQueue;
  /** The queue whose dead letters this one has. */
  source: MessageQueue | undefined;
  onChange: () => void;
}

function Queue({ queue, source, onChange }: QueueProps) {
  const { waiting, in_flight: inFlight, delayed } = queue.messages;
  const total = waiting + inFlight + delayed;
  const [messages, setMessages] = useState<QueueMessage[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    if (total === 0) setMessages([]);
    else void get<{ messages: QueueMessage[] }>(`/queues/${encodeURIComponent(queue.name)}/messages`, abort.signal).then((found) => setMessages(found.messages), () => undefined);
    return () => abort.abort();
  }, [queue]);
  const role = source ? `dead letters of ${source.worker ?? source.name}` : queue.worker ? `for ${queue.worker}` : 'without a worker';
  return (
    <section aria-label={`Queue ${queue.name}`}>
      <h2><bdi>{queue.name}</bdi> <span class="faint">{total}</span></h2>
      <p class="faint">Message queue, {role}: {waiting} waiting, {inFlight} in flight, {delayed} delayed.</p>
      <ul class="events">{messages.map((message) => <MessageItem key={message.message_id} queue={queue.name} message={message} isDead={source !== undefined} onChange={onChange} />)}</ul>
      {total > messages.length && messages.length > 0 && <p class="faint">The oldest {plural(messages.length, 'message')} of {total}.</p>}
    </section>
  );
}

interface MessageProps {
  queue: string;
  message: QueueMessage;
  isDead: boolean;
  onChange: () => void;
}

function MessageItem({ queue, message, isDead, onChange }: MessageProps) {
  const [isConfirming, setConfirming] = useState(false);
  const [error, setError] = useState<unknown>();
  const { message_id: id, state } = message;
  const perform = (action: 'redrive' | 'drop'): void => {
    setConfirming(false);
    setError(undefined);
    void post(`/queues/${encodeURIComponent(queue)}/messages/${encodeURIComponent(id)}/${action}`).then(onChange, setError);
  };
  const when = state === 'waiting' ? 'waiting' : `${state === 'delayed' ? 'delayed' : 'in flight'}, visible ${timeUntil(Date.parse(message.visible_at), now.value)}`;
  return (
    <li class={`event is-${isDead ? 'failed' : 'waiting'}`}>
      <div class="event-head">
        <span class="mono faint">{shortId(id)}</span>
        <span class="event-when">sent {ago(Date.parse(message.sent_at), now.value)}, {plural(message.receives, 'receive')}, {when}</span>
      </div>
      <p class="mono faint event-payload"><UntrustedLine text={payloadSummary(message.body)} maxChars={160} /></p>
      <div class="actions is-small">
        {isDead && <button type="button" aria-label={`Send back message ${shortId(id)}`} onClick={() => perform('redrive')}>Send back</button>}
        <button type="button" aria-label={`Drop message ${shortId(id)}`} onClick={() => setConfirming(true)}>Drop</button>
        {error !== undefined && <ErrorNotice title="The message could not be changed" error={error} />}
      </div>
      {isConfirming && (
        <ConfirmDialog title="Drop this message?" text={`The message is deleted from ${queue} permanently.`} action="Drop" onConfirm={() => perform('drop')} onClose={() => setConfirming(false)} />
      )}
    </li>
  );
}
