// What to do with an invocation: run it again, with the same event or an edited one, keep it as a test, take it to a shell.

import { useState } from 'preact/hooks';
import { Refused, getText, post } from '../api/client';
import type { Called, InvocationAlone } from '../api/types';
import { pathTo } from '../route/path';
import { go } from '../route/router';
import { app } from '../state/store';
import { curlCommand, invokeCommand } from '../text/command';
import { type Copied, copied, lacks } from '../text/event';
import { compact } from '../text/exact';
import { CopyButton } from './copy';
import { Dialog } from './dialog';
import { Failure } from './notice';
import { Said } from './said';

/** The whole event as it was sent. Older versions give no more than what is shown of it. */
export async function wholeEvent(invocation: InvocationAlone): Promise<string> {
  try {
    return await getText(`/invocations/${encodeURIComponent(invocation.request_id)}/event`);
  } catch (error) {
    const isKnownWhole = 'json' in invocation.event || invocation.event.cut === false;
    if (!(error instanceof Refused) || !isKnownWhole) throw error;
    return shownEvent(invocation);
  }
}

function shownEvent({ event }: InvocationAlone): string {
  return 'json' in event ? compact(event.json) : (event.text ?? '');
}

/** The whole event, unless it is not kept any more. */
async function keptEvent(id: string): Promise<string | undefined> {
  try {
    return await getText(`/invocations/${encodeURIComponent(id)}/event`);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Refused && (error.status === 404 || error.status === 410);
}

interface Kept {
  file: string;
  content: string;
}

export function Actions({ invocation }: { invocation: InvocationAlone }) {
  const { request_id: id, worker, mode } = invocation;
  const [busy, setBusy] = useState<string | undefined>();
  const [failed, setFailed] = useState<{ what: string; error: unknown; isReplay: boolean } | undefined>();
  const [test, setTest] = useState<Kept | undefined>();
  const act = async (name: string, what: string, action: () => Promise<void>): Promise<void> => {
    setBusy(name);
    setFailed(undefined);
    try {
      await action();
    } catch (error) {
      setFailed({ what, error, isReplay: name === 'again' });
    } finally {
      setBusy(undefined);
    }
  };
  const again = (): Promise<void> =>
    act('again', 'It could not be run again', async () => {
      const answer = await post(`/invocations/${encodeURIComponent(id)}/replay?mode=${mode}`);
      go(pathTo(['invocations', (JSON.parse(answer) as Called).request_id], { of: id }));
    });
  const save = (): Promise<void> =>
    act('test', 'It was not saved as a test', async () => setTest(JSON.parse(await post(`/invocations/${encodeURIComponent(id)}/test?write=true`)) as Kept));
  return (
    <>
      <div class="actions" role="group" aria-label="Actions">
        <button type="button" class="primary" disabled={busy !== undefined} onClick={() => void again()}>{busy === 'again' ? 'Running…' : 'Run again'}</button>
        <a class="button" href={pathTo(['workers', worker, 'run'], { from: id })}>Edit and run</a>
        <button type="button" disabled={busy !== undefined} onClick={() => void save()}>{busy === 'test' ? 'Saving…' : 'Save as test'}</button>
        <CopyCommands invocation={invocation} />
      </div>
      {failed && (failed.isReplay && isGone(failed.error) ? <Gone invocation={invocation} /> : <Failure what={failed.what} error={failed.error} />)}
      {test && <Saved test={test} onClose={() => setTest(undefined)} />}
    </>
  );
}

/** Nothing is run in its place: what is shown of the event may be less than the worker got. */
function Gone({ invocation }: { invocation: InvocationAlone }) {
  const edit = <a href={pathTo(['workers', invocation.worker, 'run'], { from: invocation.request_id })}>Edit and run</a>;
  return (
    <div class="failure" role="alert">
      <p><strong>It could not be run again</strong>: its event is not kept any more.</p>
      <p class="faint">{edit} {isCut(invocation) ? 'takes an event of your own; only the beginning of this one is known.' : 'begins with what is shown of it.'}</p>
    </div>
  );
}

function CopyCommands({ invocation }: { invocation: InvocationAlone }) {
  const { request_id: id, worker, mode } = invocation;
  const [event, setEvent] = useState<Copied | undefined>();
  const shown = { text: shownEvent(invocation), isCut: isCut(invocation) };
  const url = app.value?.url ?? location.origin;
  // What was fetched stays: a browser that took the click for too old copies with the next one.
  const command = async (of: (event: string) => string): Promise<string> => {
    const found = event ?? (await copied(shown, () => keptEvent(id)));
    setEvent(found);
    return of(found.text);
  };
  // Before the first click nobody knows whether a cut event is still kept.
  const note = lacks(event ?? { ...shown, isCut: false });
  return (
    <>
      <CopyButton label="Copy as curl" text={() => command((event) => curlCommand(url, worker, event, mode === 'event'))}>Copy as curl</CopyButton>
      <CopyButton label="Copy as cargo bedrock invoke" text={() => command((event) => invokeCommand(worker, event, mode === 'event'))}>Copy as cargo bedrock invoke</CopyButton>
      <p class="faint copy-note" role="status">{note}</p>
    </>
  );
}

function isCut({ event }: InvocationAlone): boolean {
  return !('json' in event) && event.cut === true;
}

function Saved({ test, onClose }: { test: Kept; onClose: () => void }) {
  return (
    <Dialog title="Saved as a test" onClose={onClose}>
      <p>In <code><Said text={test.file} first={500} /></code>. It calls the worker with the same event and expects the same response; it is yours to edit.</p>
      <pre class="block" tabIndex={0} aria-label="The test"><Said text={test.content} /></pre>
      <form method="dialog" class="actions">
        <CopyButton label="Copy the test" text={() => test.content}>Copy</CopyButton>
        <button type="submit">Close</button>
      </form>
    </Dialog>
  );
}
