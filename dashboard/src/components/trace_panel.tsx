// The waterfall of a trace from the API. For older versions of the API without traces, it shows what the page knows.

import { useMemo } from 'preact/hooks';
import type { Invocation, InvocationDetails, LogLine } from '../api/types';
import { type StoredInvocation, storedInvocationOf } from '../store/invocations';
import { invocations, newestInvocations, now, version } from '../store/store';
import { plural } from '../text/format';
import { buildSpans } from '../trace/span_tree';
import { useFetch } from '../hooks/use_fetch';
import { traceIdOf, useLiveVersion } from '../hooks/use_live_version';
import { Waterfall } from './waterfall';

interface TraceResponse {
  invocations: TraceInvocation[];
  left_out?: { invocations: number; lines: number };
}

type TraceInvocation = Invocation & { logs?: LogLine[]; accepted_at?: string };

/** Spans that are shown when the API has no traces. */
const MAX_SPANS = 1_000;

interface Props {
  trace: string;
  selected?: string;
  /** The selected invocation, which is shown even if the trace cannot be loaded. */
  own?: InvocationDetails | undefined;
  missing?: preact.ComponentChildren;
}

export function TracePanel({ trace, selected, own, missing }: Props) {
  const key = useLiveVersion((devEvent) => traceIdOf(devEvent) === trace, trace);
  const response = useFetch<TraceResponse>(`/traces/${encodeURIComponent(trace)}`, key);
  const isLoading = response.isLoading && !response.error;
  const data = response.data?.invocations;
  const localVersion = data === undefined ? version.value : 0;
  const sources = useMemo(() => (data ? data.map(sourceOf) : knownSources(trace, own)), [data, localVersion, own]);
  const isRunning = sources.some(({ invocation }) => invocation.attempts.at(-1)?.outcome === undefined);
  const endTime = isRunning ? Math.max(now.value, Date.now()) : 0;
  const roots = useMemo(() => buildSpans(sources, endTime), [sources, endTime]);
  if (sources.length === 0) return <>{isLoading ? null : missing}</>;
  const leftOut = response.data?.left_out;
  return (
    <>
      <Waterfall roots={roots} selected={selected} now={endTime} />
      {leftOut && leftOut.invocations + leftOut.lines > 0 && (
        <p class="faint" role="note">The trace is too long to be shown in full: {plural(leftOut.invocations, 'invocation')} and {plural(leftOut.lines, 'log line')} are omitted.</p>
      )}
    </>
  );
}

interface SpanSource {
  invocation: StoredInvocation;
  logs: LogLine[];
}

function sourceOf(traced: TraceInvocation): SpanSource {
  const invocation = storedInvocationOf(traced);
  const acceptedAt = traced.accepted_at === undefined ? invocations.get(invocation.id)?.acceptedAt : Date.parse(traced.accepted_at);
  if (acceptedAt !== undefined) invocation.acceptedAt = acceptedAt;
  return { invocation, logs: traced.logs ?? [] };
}

function knownSources(trace: string, own: InvocationDetails | undefined): SpanSource[] {
  const sources = newestInvocations((invocation) => invocation.trace === trace && invocation.id !== own?.request_id, MAX_SPANS).map((invocation): SpanSource => ({ invocation, logs: [] }));
  return own ? [...sources, sourceOf(own)] : sources;
}
