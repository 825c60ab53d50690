// One call in a list. The link is as large as the row.

import { pathTo } from '../route/path';
import { type Call, beganAt, callerOf, outcomeOf, took } from '../state/calls';
import { app, now } from '../state/store';
import { clock, duration, short } from '../text/format';
import { LanguageBadge, OutcomeBadge } from './badge';
import { Brief } from './said';

interface Props {
  call: Call;
  index: number;
  isSelected: boolean;
  /** Whether Tab stops here; only at one of the rows. */
  isStop: boolean;
  onSelect: (id: string) => void;
}

export function InvocationRow({ call, index, isSelected, isStop, onSelect }: Props) {
  const outcome = outcomeOf(call);
  const last = call.attempts.at(-1);
  const time = outcome === 'running' ? `${duration(took(call, now.value))}…` : duration(last?.ms ?? 0);
  const began = beganAt(call);
  return (
    <div class={`call-row is-${outcome}`} role="row" aria-rowindex={index + 2} aria-current={isSelected ? 'true' : undefined}>
      <span role="cell" class="call-outcome"><OutcomeBadge outcome={outcome} /></span>
      <span role="cell" class="call-worker">
        <LanguageBadge language={languageOf(call.worker)} />
        <a href={pathTo(['invocations', call.id])} tabIndex={isStop ? 0 : -1} onFocus={() => onSelect(call.id)} aria-label={`${call.worker}, ${outcome}, ${short(call.id)}`}>
          <Brief text={call.worker} most={64} />
        </a>
      </span>
      <span role="cell" class="call-from faint"><Brief text={callerOf(call) ?? ''} most={64} /></span>
      <span role="cell" class="call-mode faint">{call.mode}{call.attempts.length > 1 && ` ×${call.attempts.length}`}</span>
      <span role="cell" class="call-took num">{last?.initMs !== undefined && <abbr class="cold" title="a process was started for it">cold</abbr>}{time}</span>
      <span role="cell" class="call-began num"><time dateTime={new Date(began).toISOString()}>{clock(began)}</time></span>
      <span role="cell" class="call-came">
        {last?.errorType !== undefined ? <Brief text={last.message ? `${last.errorType}: ${last.message}` : last.errorType} most={160} /> : <span class="faint mono">{short(call.id)}</span>}
      </span>
    </div>
  );
}

export function languageOf(worker: string) {
  return worker === 'endpoint' ? 'rust' : app.value?.workers.find((one) => one.name === worker)?.language;
}
