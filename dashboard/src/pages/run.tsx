// The page that runs a worker with an event from the editor, from an earlier invocation, or from the recent events.

import { useEffect, useRef, useState } from 'preact/hooks';
import { get, post } from '../api/client';
import type { InvocationDetails } from '../api/types';
import { fetchFullEvent } from '../components/invocation_actions';
import { LanguageBadge } from '../components/badge';
import { EventEditor } from '../components/event_editor';
import { languageOf } from '../components/invocation_row';
import { EmptyState, ErrorNotice, Loading } from '../components/notice';
import { type RunResult, RunResultPanel } from '../components/run_result';
import { pathTo } from '../route/path';
import { UntrustedLine } from '../components/untrusted_text';
import { parameters } from '../route/router';
import { recentEvents, storeRecentEvent } from '../store/local_storage';
import { app } from '../store/store';
import { findJsonError } from '../text/json_syntax';
import { parseExact, pretty } from '../text/exact_json';
import { truncate } from '../text/truncate';
import { hasRedactedFields } from '../text/copied_event';
import { shortId } from '../text/format';

/** Longer events are not formatted. */
const MAX_FORMATTED_CHARS = 200_000;

export function RunPage({ name }: { name: string }) {
  const from = parameters.value.get('from') ?? undefined;
  const recent = recentEvents(app.value?.name ?? '', name);
  const [text, setText] = useState(from === undefined ? (recent[0] ?? '{}') : '{}');
  const [mode, setMode] = useState<'sync' | 'event'>('sync');
  const [result, setResult] = useState<RunResult | undefined>();
  const [busy, setBusy] = useState(false);
  const source = useSourceInvocation(from, setText, setMode);
  const syntaxError = text.trim() === '' ? undefined : findJsonError(text);
  const latestRun = useRef(0);
  useEffect(() => () => void (latestRun.current += 1), []);
  const run = async (): Promise<void> => {
    if (syntaxError || busy || source.isLoading) return;
    const own = (latestRun.current += 1);
    setBusy(true);
    setResult(undefined);
    const startedAt = performance.now();
    storeRecentEvent(app.value?.name ?? '', name, text);
    const outcome = await post(`/workers/${encodeURIComponent(name)}/invoke?mode=${mode}`, text).then(
      (response): RunResult => ({ response, ms: performance.now() - startedAt, mode }),
      (error: unknown): RunResult => ({ error, mode }),
    );
    if (own !== latestRun.current) return;
    setResult(outcome);
    setBusy(false);
  };
  if (app.value && !isKnown(name)) return <UnknownWorker name={name} />;
  return (
    <div class="page run">
      <h1 tabIndex={-1}><LanguageBadge language={languageOf(name)} /> Run <a href={pathTo(['workers', name])}><bdi>{name}</bdi></a></h1>
      {!app.value && <Loading />}
      {from !== undefined && !source.error && <p class="faint">With the event of invocation <a href={pathTo(['invocations', from])}><UntrustedLine text={shortId(from)} /></a>.</p>}
      {source.error !== undefined && <ErrorNotice title="The event of that invocation cannot be loaded" error={source.error} />}
      {hasRedactedFields(text) && <p class="faint" role="note">Some fields are hidden by the setting `redact`: fill in what the worker needs. <em>Run again</em> on the page of the invocation sends the original event.</p>}
      <EventEditor text={text} error={syntaxError} onText={setText} onRun={() => void run()} />
      <div class="run-bar">
        <button type="button" class="primary" disabled={syntaxError !== undefined || busy || source.isLoading} onClick={() => void run()}>{busy ? 'Running…' : 'Run'}</button>
        <fieldset class="modes">
          <legend class="visually-hidden">Mode</legend>
          <label><input type="radio" name="mode" checked={mode === 'sync'} onChange={() => setMode('sync')} /> sync <span class="faint">wait for the response</span></label>
          <label><input type="radio" name="mode" checked={mode === 'event'} onChange={() => setMode('event')} /> event <span class="faint">put it into the async queue</span></label>
        </fieldset>
        <button type="button" class="quiet" disabled={syntaxError !== undefined} onClick={() => setText(formatted(text))}>Format</button>
        <span class="faint keys-hint"><kbd>Ctrl</kbd> <kbd>Enter</kbd> runs</span>
      </div>
      {recent.length > 0 && <RecentEvents events={recent} onChoose={setText} />}
      {result && <RunResultPanel result={result} />}
    </div>
  );
}

function isKnown(name: string): boolean {
  return name === 'endpoint' || (app.value?.workers.some((worker) => worker.name === name) ?? false);
}

function UnknownWorker({ name }: { name: string }) {
  return (
    <div class="page">
      <h1 tabIndex={-1}>Run <bdi>{name}</bdi></h1>
      <EmptyState title={`The app has no worker named ${name}.`}><p><a href="/workers">All workers</a></p></EmptyState>
    </div>
  );
}

/** Loads the event and the mode of an earlier invocation. */
function useSourceInvocation(from: string | undefined, setText: (text: string) => void, setMode: (mode: 'sync' | 'event') => void): { error?: unknown; isLoading: boolean } {
  const [error, setError] = useState<unknown>();
  const [isLoading, setLoading] = useState(from !== undefined);
  useEffect(() => {
    if (from === undefined) return;
    get<{ invocation: InvocationDetails }>(`/invocations/${encodeURIComponent(from)}`)
      .then(async ({ invocation }) => {
        setText(formatted(await fetchFullEvent(invocation)));
        setMode(invocation.mode);
        setError(undefined);
      })
      .catch(setError)
      .finally(() => setLoading(false));
  }, [from]);
  return error === undefined ? { isLoading } : { error, isLoading };
}

/** Returns the event with indentation if it is JSON and not too long. */
function formatted(text: string): string {
  if (text.length > MAX_FORMATTED_CHARS) return text;
  try {
    return pretty(parseExact(text));
  } catch {
    return text;
  }
}

function RecentEvents({ events, onChoose }: { events: string[]; onChoose: (text: string) => void }) {
  return (
    <div class="recent-events" role="group" aria-label="Recent events">
      <span class="faint">Recent events</span>
      {events.map((event) => (
        <button key={event} type="button" class="chip mono" onClick={() => onChoose(event)} title={truncate(event, 300)}>
          {truncate(event.replace(/\s+/g, ' '), 40)}
        </button>
      ))}
    </div>
  );
}
