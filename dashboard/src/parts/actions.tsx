// What to do with an invocation: run it again, with the same event or an edited one, keep it as a test, take it to a shell.

import { useState } from 'preact/hooks';
import { Refused, getText, post } from '../api/client';
import type { Called, InvocationAlone } from '../api/types';
import { pathTo } from '../route/path';
import { go } from '../route/router';
import { app } from '../state/store';
import { curlCommand, invokeCommand } from '../text/command';
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

export function shownEvent({ event }: InvocationAlone): string {
  return 'json' in event ? compact(event.json) : (event.text ?? '');
}

/** Runs it with the very event that it had, also where that is not shown; of older versions, with what is known of it. */
async function replayed(invocation: InvocationAlone): Promise<string> {
  const { request_id: id, worker, mode } = invocation;
  try {
    return await post(`/invocations/${encodeURIComponent(id)}/replay?mode=${mode}`);
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 404) throw error;
    return post(`/workers/${encodeURIComponent(worker)}/invoke?mode=${mode}`, await wholeEvent(invocation));
  }
}

interface Kept {
  file: string;
  content: string;
}

export function Actions({ invocation }: { invocation: InvocationAlone }) {
  const { request_id: id, worker, mode } = invocation;
  const [busy, setBusy] = useState<string | undefined>();
  const [failed, setFailed] = useState<{ what: string; error: unknown } | undefined>();
  const [test, setTest] = useState<Kept | undefined>();
  const act = async (name: string, what: string, action: () => Promise<void>): Promise<void> => {
    setBusy(name);
    setFailed(undefined);
    try {
      await action();
    } catch (error) {
      setFailed({ what, error });
    } finally {
      setBusy(undefined);
    }
  };
  const again = (): Promise<void> =>
    act('again', 'It could not be run again', async () => {
      const answer = await replayed(invocation);
      go(pathTo(['invocations', (JSON.parse(answer) as Called).request_id], { of: id }));
    });
  const save = (): Promise<void> =>
    act('test', 'It was not saved as a test', async () => setTest(JSON.parse(await post(`/invocations/${encodeURIComponent(id)}/test?write=true`)) as Kept));
  const url = app.value?.url ?? location.origin;
  return (
    <>
      <div class="actions" role="group" aria-label="Actions">
        <button type="button" class="primary" disabled={busy !== undefined} onClick={() => void again()}>{busy === 'again' ? 'Running…' : 'Run again'}</button>
        <a class="button" href={pathTo(['workers', worker, 'run'], { from: id })}>Edit and run</a>
        <button type="button" disabled={busy !== undefined} onClick={() => void save()}>{busy === 'test' ? 'Saving…' : 'Save as test'}</button>
        <CopyButton label="Copy as curl" text={() => curlCommand(url, worker, shownEvent(invocation), mode === 'event')}>Copy as curl</CopyButton>
        <CopyButton label="Copy as cargo bedrock invoke" text={() => invokeCommand(worker, shownEvent(invocation), mode === 'event')}>Copy as cargo bedrock invoke</CopyButton>
      </div>
      {failed && <Failure what={failed.what} error={failed.error} />}
      {test && <Saved test={test} onClose={() => setTest(undefined)} />}
    </>
  );
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
