// The operations of an execution on a time axis, each with its result and, for an open callback, the form that answers it.

import { useState } from 'preact/hooks';
import { post } from '../api/client';
import type { ExecutionDetails, ExecutionOperation } from '../api/types';
import { now } from '../store/store';
import { clock, count, duration, timeUntil } from '../text/format';
import { type OperationRow, operationRows } from '../trace/operation_tree';
import { type Range, position, ticks } from '../trace/time_axis';
import { StatusBadge } from './badge';
import { CopyButton } from './copy_button';
import { ErrorNotice } from './notice';
import { PayloadPanel } from './payload_panel';
import { UntrustedLine, UntrustedText } from './untrusted_text';

/** Operations that are shown initially. */
const INITIAL_OPERATIONS = 100;
/** Operations that each click on "show more" adds. */
const MORE_OPERATIONS = 500;
const TICK_COUNT = 4;
/** Contexts after which names are not indented further. */
const MAX_INDENT = 8;

const KIND_LABELS: Record<ExecutionOperation['kind'], string> = { CONTEXT: 'context', STEP: 'step', WAIT: 'wait', CALLBACK: 'callback', CHAINED_INVOKE: 'invoke' };

interface Props {
  execution: ExecutionDetails;
  onChange: () => void;
}

export function OperationTimeline({ execution, onChange }: Props) {
  const [limit, setLimit] = useState(INITIAL_OPERATIONS);
  const { rows, range } = operationRows(execution, now.value);
  const missing = execution.operation_count - rows.length;
  return (
    <section class="panel timeline" aria-label="Operations">
      <header class="panel-head"><h2>Operations</h2><span class="faint">{count(execution.operation_count)} in {duration(range.end - range.start)}</span></header>
      {rows.length === 0 && <p class="panel-note">The worker has not started an operation.</p>}
      {rows.length > 0 && (
        <div class="axis" aria-hidden="true">
          <div class="axis-line">
            {ticks(range, range.start, TICK_COUNT).map((tick) => <span key={tick} style={{ left: `${position(range.start + tick, range)}%` }}>{tick === 0 ? '0' : duration(tick)}</span>)}
          </div>
        </div>
      )}
      <ol class="operations">
        {rows.slice(0, limit).map((row) => <OperationItem key={row.operation.operation_id} row={row} range={range} execution={execution} onChange={onChange} />)}
      </ol>
      {rows.length > limit && <button type="button" class="more" onClick={() => setLimit(limit + MORE_OPERATIONS)}>show more ({count(rows.length - limit)} left)</button>}
      {missing > 0 && <p class="panel-note">The {count(missing)} newest operations are not shown; `cargo bedrock executions history` prints them.</p>}
    </section>
  );
}

interface ItemProps extends Props {
  row: OperationRow;
  range: Range;
}

function OperationItem({ row, range, execution, onChange }: ItemProps) {
  const { operation, depth, start, end } = row;
  const left = position(start, range);
  const kind = KIND_LABELS[operation.kind];
  return (
    <li>
      <details open={operation.callback_id !== null}>
        <summary>
          <span class="operation-name" style={{ paddingLeft: `${Math.min(depth, MAX_INDENT) * 14}px` }}>
            <span class="operation-kind">{kind}</span> {operation.name === null ? <span class="faint">without name</span> : <UntrustedLine text={operation.name} maxChars={64} />}
            <StatusBadge status={operation.status} />
          </span>
          <span class="operation-line">
            <i class={`seg seg-operation is-${operation.status.toLowerCase()}`} style={{ left: `${left}%`, width: `max(2px, ${position(end, range) - left}%)` }} />
          </span>
          <span class="num faint">{duration(end - start)}</span>
        </summary>
        <OperationDetails operation={operation} />
        {operation.callback_id !== null && <CallbackForm execution={execution} operation={operation} callbackId={operation.callback_id} onChange={onChange} />}
      </details>
    </li>
  );
}

function OperationDetails({ operation }: { operation: ExecutionOperation }) {
  const { error, result } = operation;
  return (
    <div class="operation-details">
      <dl class="facts">
        <div><dt>Started</dt><dd><time dateTime={operation.started_at}>{clock(Date.parse(operation.started_at))}</time></dd></div>
        {operation.due_at !== null && <div><dt>{operation.kind === 'STEP' ? 'Next attempt' : operation.kind === 'WAIT' ? 'Ends' : 'Times out'}</dt><dd>{timeUntil(Date.parse(operation.due_at), now.value)} <span class="faint">{clock(Date.parse(operation.due_at))}</span></dd></div>}
        {operation.attempts !== null && <div><dt>Attempts</dt><dd>{operation.attempts}</dd></div>}
        {operation.sub_type !== null && <div><dt>Type in the SDK</dt><dd><UntrustedLine text={operation.sub_type} /></dd></div>}
      </dl>
      {error && <pre class="block error-message" tabIndex={0}><UntrustedText text={[error.error_type, error.message].filter((part) => part !== null).join(': ')} /></pre>}
      {result && <PayloadPanel title="Result" payload={result} missing="" />}
    </div>
  );
}

interface FormProps extends Props {
  operation: ExecutionOperation;
  callbackId: string;
}

function CallbackForm({ execution, operation, callbackId, onChange }: FormProps) {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const name = operation.name ?? 'callback';
  const send = (action: 'succeed' | 'fail'): void => {
    setBusy(true);
    setError(undefined);
    const path = `/executions/${encodeURIComponent(execution.execution_id)}/callbacks/${encodeURIComponent(operation.operation_id)}/${action}`;
    void post(path, text).then(onChange, setError).finally(() => setBusy(false));
  };
  const field = `callback-${operation.operation_id}`;
  return (
    <div class="callback-form">
      <label for={field}>Answer <span class="faint">JSON for a success, a message for a failure</span></label>
      <textarea id={field} class="mono" rows={2} spellcheck={false} autocomplete="off" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      <div class="actions is-small">
        <button type="button" disabled={busy || !isJson(text)} aria-label={`Send success to ${name}`} onClick={() => send('succeed')}>Send success</button>
        <button type="button" disabled={busy} aria-label={`Send failure to ${name}`} onClick={() => send('fail')}>Send failure</button>
        <CopyButton label="Copy callback id" text={() => callbackId} />
        {error !== undefined && <ErrorNotice title="The callback could not be answered" error={error} />}
      </div>
    </div>
  );
}

/** Returns whether the text is JSON, or empty, which sends no result. */
function isJson(text: string): boolean {
  if (text.trim() === '') return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
