// The waterfall of a trace with what the API knows of it; of older versions, which know no traces, what the page knows.

import { useMemo } from 'preact/hooks';
import type { Invocation, InvocationAlone, Line } from '../api/types';
import { type Call, callOf } from '../state/calls';
import { calls, changes, newest, now } from '../state/store';
import { plural } from '../text/format';
import { spansOf } from '../trace/tree';
import { useFetched } from './fetched';
import { traceOf, useLive } from './live';
import { Waterfall } from './waterfall';

interface Answer {
  invocations: Told[];
  left_out?: { invocations: number; lines: number };
}

type Told = Invocation & { logs?: Line[]; accepted_at?: string };

interface Props {
  trace: string;
  selected?: string;
  /** What is known of the selected one in any case. */
  own?: InvocationAlone | undefined;
  missing?: preact.ComponentChildren;
}

export function TracePanel({ trace, selected, own, missing }: Props) {
  const key = useLive((happening) => traceOf(happening) === trace, trace);
  const told = useFetched<Answer>(`/traces/${encodeURIComponent(trace)}`, key);
  const isWaiting = told.isLoading && !told.error;
  const data = told.data?.invocations;
  const known = data === undefined ? changes.value : 0;
  const parts = useMemo(() => (data ? data.map(partOf) : here(trace, own)), [data, known, own]);
  const isRunning = parts.some(({ call }) => call.attempts.at(-1)?.outcome === undefined);
  const time = isRunning ? Math.max(now.value, Date.now()) : 0;
  const roots = useMemo(() => spansOf(parts, time), [parts, time]);
  if (parts.length === 0) return <>{isWaiting ? null : missing}</>;
  const leftOut = told.data?.left_out;
  return (
    <>
      <Waterfall roots={roots} selected={selected} now={time} />
      {leftOut && leftOut.invocations + leftOut.lines > 0 && (
        <p class="faint" role="note">The trace is too long to be shown whole: {plural(leftOut.invocations, 'invocation')} and {plural(leftOut.lines, 'line')} are left out.</p>
      )}
    </>
  );
}

interface Part {
  call: Call;
  logs: Line[];
}

function partOf(told: Told): Part {
  const call = callOf(told);
  const accepted = told.accepted_at === undefined ? calls.get(call.id)?.acceptedAt : Date.parse(told.accepted_at);
  if (accepted !== undefined) call.acceptedAt = accepted;
  return { call, logs: told.logs ?? [] };
}

function here(trace: string, own: InvocationAlone | undefined): Part[] {
  const parts = newest((call) => call.trace === trace && call.id !== own?.request_id, 1_000).map((call): Part => ({ call, logs: [] }));
  return own ? [...parts, partOf(own)] : parts;
}
