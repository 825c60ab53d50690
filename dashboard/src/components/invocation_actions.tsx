// Actions on an invocation: run it again, with the same or an edited event, save it as a test, copy it as a shell command.

import { useState } from 'preact/hooks';
import { ApiError, getText, post } from '../api/client';
import type { InvokeResponse, InvocationDetails } from '../api/types';
import { pathTo } from '../route/path';
import { navigate } from '../route/router';
import { app } from '../store/store';
import { curlCommand, invokeCommand } from '../text/shell_command';
import { type EventToCopy, eventToCopy, missingNote } from '../text/copied_event';
import { compact } from '../text/exact_json';
import { CopyButton } from './copy_button';
import { Dialog } from './dialog';
import { ErrorNotice } from './notice';
import { UntrustedText } from './untrusted_text';

/** Fetches the full event. Older versions of the API only have the part that the page shows. */
export async function fetchFullEvent(invocation: InvocationDetails): Promise<string> {
  try {
    return await getText(`/invocations/${encodeURIComponent(invocation.request_id)}/event`);
  } catch (error) {
    const isShownInFull = 'json' in invocation.event || invocation.event.cut === false;
    if (!(error instanceof ApiError) || !isShownInFull) throw error;
    return shownEvent(invocation);
  }
}

function shownEvent({ event }: InvocationDetails): string {
  return 'json' in event ? compact(event.json) : (event.text ?? '');
}

/** Fetches the full event, or `undefined` if it has been evicted. */
async function fetchRetainedEvent(id: string): Promise<string | undefined> {
  try {
    return await getText(`/invocations/${encodeURIComponent(id)}/event`);
  } catch (error) {
    if (isNotStored(error)) return undefined;
    throw error;
  }
}

function isNotStored(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 410);
}

interface SavedTest {
  file: string;
  content: string;
}

export function InvocationActions({ invocation }: { invocation: InvocationDetails }) {
  const { request_id: id, worker, mode } = invocation;
  const [busyAction, setBusyAction] = useState<string | undefined>();
  const [failure, setFailure] = useState<{ title: string; error: unknown; isReplay: boolean } | undefined>();
  const [test, setTest] = useState<SavedTest | undefined>();
  const perform = async (name: string, title: string, action: () => Promise<void>): Promise<void> => {
    setBusyAction(name);
    setFailure(undefined);
    try {
      await action();
    } catch (error) {
      setFailure({ title, error, isReplay: name === 'replay' });
    } finally {
      setBusyAction(undefined);
    }
  };
  const replay = (): Promise<void> =>
    perform('replay', 'The invocation could not be run again', async () => {
      const response = await post(`/invocations/${encodeURIComponent(id)}/replay?mode=${mode}`);
      navigate(pathTo(['invocations', (JSON.parse(response) as InvokeResponse).request_id], { of: id }));
    });
  const save = (): Promise<void> =>
    perform('test', 'The invocation could not be saved as a test', async () => setTest(JSON.parse(await post(`/invocations/${encodeURIComponent(id)}/test?write=true`)) as SavedTest));
  return (
    <>
      <div class="actions" role="group" aria-label="Actions">
        <button type="button" class="primary" disabled={busyAction !== undefined} onClick={() => void replay()}>{busyAction === 'replay' ? 'Running…' : 'Run again'}</button>
        <a class="button" href={pathTo(['workers', worker, 'run'], { from: id })}>Edit and run</a>
        <button type="button" disabled={busyAction !== undefined} onClick={() => void save()}>{busyAction === 'test' ? 'Saving…' : 'Save as test'}</button>
        <CopyCommands invocation={invocation} />
      </div>
      {failure && (failure.isReplay && isNotStored(failure.error) ? <EventEvicted invocation={invocation} /> : <ErrorNotice title={failure.title} error={failure.error} />)}
      {test && <SavedTestDialog test={test} onClose={() => setTest(undefined)} />}
    </>
  );
}

/** Explains that the event is not stored. Nothing is run instead: the shown part may be less than the worker received. */
function EventEvicted({ invocation }: { invocation: InvocationDetails }) {
  const editLink = <a href={pathTo(['workers', invocation.worker, 'run'], { from: invocation.request_id })}>Edit and run</a>;
  return (
    <div class="failure" role="alert">
      <p><strong>The invocation could not be run again</strong>: its event is no longer stored.</p>
      <p class="faint">{editLink} {isTruncated(invocation) ? 'lets you write an event; only the beginning of this one is stored.' : 'starts with the event that is shown here.'}</p>
    </div>
  );
}

function CopyCommands({ invocation }: { invocation: InvocationDetails }) {
  const { request_id: id, worker, mode } = invocation;
  const [event, setEvent] = useState<EventToCopy | undefined>();
  const shown = { text: shownEvent(invocation), isTruncated: isTruncated(invocation) };
  const url = app.value?.url ?? location.origin;
  // Stored for the next click: a browser may reject the copy because too much time has passed since this one.
  const buildCommand = async (format: (event: string) => string): Promise<string> => {
    const fetched = event ?? (await eventToCopy(shown, () => fetchRetainedEvent(id)));
    setEvent(fetched);
    return format(fetched.text);
  };
  // Before the first click it is unknown whether a truncated event is still stored in full.
  const note = missingNote(event ?? { ...shown, isTruncated: false });
  return (
    <>
      <CopyButton label="Copy as curl" text={() => buildCommand((event) => curlCommand(url, worker, event, mode === 'event'))}>Copy as curl</CopyButton>
      <CopyButton label="Copy as cargo bedrock invoke" text={() => buildCommand((event) => invokeCommand(worker, event, mode === 'event'))}>Copy as cargo bedrock invoke</CopyButton>
      <p class="faint copy-note" role="status">{note}</p>
    </>
  );
}

function isTruncated({ event }: InvocationDetails): boolean {
  return !('json' in event) && event.cut === true;
}

function SavedTestDialog({ test, onClose }: { test: SavedTest; onClose: () => void }) {
  return (
    <Dialog title="Saved as a test" onClose={onClose}>
      <p>Saved in <code><UntrustedText text={test.file} initialChars={500} /></code>. It calls the worker with the same event and expects the same response. Edit it as you like.</p>
      <pre class="block" tabIndex={0} aria-label="The test"><UntrustedText text={test.content} /></pre>
      <form method="dialog" class="actions">
        <CopyButton label="Copy the test" text={() => test.content}>Copy</CopyButton>
        <button type="submit">Close</button>
      </form>
    </Dialog>
  );
}
