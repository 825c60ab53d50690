// Runs a worker with an event that is written here, taken from an earlier call, or one of the last ones.

import { useEffect, useRef, useState } from 'preact/hooks';
import { get, post } from '../api/client';
import type { InvocationAlone } from '../api/types';
import { wholeEvent } from '../parts/actions';
import { LanguageBadge } from '../parts/badge';
import { EventEditor } from '../parts/editor';
import { languageOf } from '../parts/invocation_row';
import { Empty, Failure, Loading } from '../parts/notice';
import { type Ran, Result } from '../parts/result';
import { pathTo } from '../route/path';
import { Brief } from '../parts/said';
import { parameters } from '../route/router';
import { events, keepEvent } from '../state/kept';
import { app } from '../state/store';
import { fault } from '../text/check';
import { parseExact, pretty } from '../text/exact';
import { head } from '../text/cut';
import { hides } from '../text/event';
import { short } from '../text/format';

/** Events up to this length are laid out when they come. */
const LAID_OUT = 200_000;

export function Run({ name }: { name: string }) {
  const from = parameters.value.get('from') ?? undefined;
  const kept = events(app.value?.name ?? '', name);
  const [text, setText] = useState(from === undefined ? (kept[0] ?? '{}') : '{}');
  const [mode, setMode] = useState<'sync' | 'event'>('sync');
  const [ran, setRan] = useState<Ran | undefined>();
  const [busy, setBusy] = useState(false);
  const source = useSource(from, setText, setMode);
  const wrong = text.trim() === '' ? undefined : fault(text);
  const latest = useRef(0);
  useEffect(() => () => void (latest.current += 1), []);
  const run = async (): Promise<void> => {
    if (wrong || busy || source.isLoading) return;
    const mine = (latest.current += 1);
    setBusy(true);
    setRan(undefined);
    const began = performance.now();
    keepEvent(app.value?.name ?? '', name, text);
    const result = await post(`/workers/${encodeURIComponent(name)}/invoke?mode=${mode}`, text).then(
      (answer): Ran => ({ answer, ms: performance.now() - began, mode }),
      (error: unknown): Ran => ({ error, mode }),
    );
    if (mine !== latest.current) return;
    setRan(result);
    setBusy(false);
  };
  if (app.value && !isKnown(name)) return <NoSuch name={name} />;
  return (
    <div class="page run">
      <h1 tabIndex={-1}><LanguageBadge language={languageOf(name)} /> Run <a href={pathTo(['workers', name])}><bdi>{name}</bdi></a></h1>
      {!app.value && <Loading />}
      {from !== undefined && !source.error && <p class="faint">With the event of <a href={pathTo(['invocations', from])}><Brief text={short(from)} /></a>.</p>}
      {source.error !== undefined && <Failure what="The event of that invocation cannot be had" error={source.error} />}
      {hides(text) && <p class="faint" role="note">Some of it is not shown, by the setting `redact`: put in what the worker needs. <em>Run again</em> on the page of the invocation sends what it had.</p>}
      <EventEditor text={text} fault={wrong} onText={setText} onRun={() => void run()} />
      <div class="run-bar">
        <button type="button" class="primary" disabled={wrong !== undefined || busy || source.isLoading} onClick={() => void run()}>{busy ? 'Running…' : 'Run'}</button>
        <fieldset class="modes">
          <legend class="visually-hidden">Mode</legend>
          <label><input type="radio" name="mode" checked={mode === 'sync'} onChange={() => setMode('sync')} /> sync <span class="faint">wait for the response</span></label>
          <label><input type="radio" name="mode" checked={mode === 'event'} onChange={() => setMode('event')} /> event <span class="faint">into the queue</span></label>
        </fieldset>
        <button type="button" class="quiet" disabled={wrong !== undefined} onClick={() => setText(laidOut(text))}>Lay out</button>
        <span class="faint keys-hint"><kbd>Ctrl</kbd> <kbd>Enter</kbd> runs</span>
      </div>
      {kept.length > 0 && <LastEvents all={kept} onChoose={setText} />}
      {ran && <Result ran={ran} />}
    </div>
  );
}

function isKnown(name: string): boolean {
  return name === 'endpoint' || (app.value?.workers.some((worker) => worker.name === name) ?? false);
}

function NoSuch({ name }: { name: string }) {
  return (
    <div class="page">
      <h1 tabIndex={-1}>Run <bdi>{name}</bdi></h1>
      <Empty title={`The app has no worker named ${name}.`}><p><a href="/workers">Its workers</a></p></Empty>
    </div>
  );
}

/** Takes event and mode of an earlier invocation. */
function useSource(from: string | undefined, setText: (text: string) => void, setMode: (mode: 'sync' | 'event') => void): { error?: unknown; isLoading: boolean } {
  const [error, setError] = useState<unknown>();
  const [isLoading, setLoading] = useState(from !== undefined);
  useEffect(() => {
    if (from === undefined) return;
    get<{ invocation: InvocationAlone }>(`/invocations/${encodeURIComponent(from)}`)
      .then(async ({ invocation }) => {
        setText(laidOut(await wholeEvent(invocation)));
        setMode(invocation.mode);
        setError(undefined);
      })
      .catch(setError)
      .finally(() => setLoading(false));
  }, [from]);
  return error === undefined ? { isLoading } : { error, isLoading };
}

/** In lines, if it is JSON and not too long for that. */
function laidOut(text: string): string {
  if (text.length > LAID_OUT) return text;
  try {
    return pretty(parseExact(text));
  } catch {
    return text;
  }
}

function LastEvents({ all, onChoose }: { all: string[]; onChoose: (text: string) => void }) {
  return (
    <div class="last-events" role="group" aria-label="Last events">
      <span class="faint">Last events</span>
      {all.map((event) => (
        <button key={event} type="button" class="chip mono" onClick={() => onChoose(event)} title={head(event, 300)}>
          {head(event.replace(/\s+/g, ' '), 40)}
        </button>
      ))}
    </div>
  );
}
