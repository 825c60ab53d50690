// A row in a list of invocations. Its link covers the whole row.

import { pathTo } from '../route/path';
import { type StoredInvocation, callerOf, durationOf, outcomeOf, startedAtOf } from '../store/invocations';
import { app, now } from '../store/store';
import { clock, duration, shortId } from '../text/format';
import { LanguageBadge, OutcomeBadge, outcomeLook } from './badge';
import { UntrustedLine } from './untrusted_text';

interface Props {
  invocation: StoredInvocation;
  index: number;
  isSelected: boolean;
  /** Whether Tab focuses this row; true for one row of a list. */
  isTabStop: boolean;
  onSelect: (id: string) => void;
}

export function InvocationRow({ invocation, index, isSelected, isTabStop, onSelect }: Props) {
  const outcome = outcomeOf(invocation);
  const last = invocation.attempts.at(-1);
  const time = outcome === 'running' ? `${duration(durationOf(invocation, now.value))}…` : duration(last?.ms ?? 0);
  const startedAt = startedAtOf(invocation);
  return (
    <div class={`invocation-row is-${outcomeLook(outcome, invocation.status)}`} role="row" aria-rowindex={index + 2} aria-current={isSelected ? 'true' : undefined}>
      <span role="cell" class="invocation-outcome"><OutcomeBadge outcome={outcome} status={invocation.status} /></span>
      <span role="cell" class="invocation-worker">
        <LanguageBadge language={languageOf(invocation.worker)} />
        <a href={pathTo(['invocations', invocation.id])} tabIndex={isTabStop ? 0 : -1} onFocus={() => onSelect(invocation.id)} aria-label={`${invocation.worker}, ${outcome}, ${shortId(invocation.id)}`}>
          <UntrustedLine text={invocation.worker} maxChars={64} />
        </a>
      </span>
      <span role="cell" class="invocation-from faint"><UntrustedLine text={callerOf(invocation) ?? ''} maxChars={64} /></span>
      <span role="cell" class="invocation-mode faint">{invocation.mode}{invocation.attempts.length > 1 && ` ×${invocation.attempts.length}`}</span>
      <span role="cell" class="invocation-duration num">{last?.initMs !== undefined && <abbr class="cold" title="cold start: a process was started for this invocation">cold</abbr>}{time}</span>
      <span role="cell" class="invocation-started num"><time dateTime={new Date(startedAt).toISOString()}>{clock(startedAt)}</time></span>
      <span role="cell" class="invocation-result">
        {invocation.http && <span class="mono"><UntrustedLine text={`${invocation.http.method} ${invocation.http.path}`} maxChars={160} /></span>}
        {last?.errorType !== undefined && <UntrustedLine text={`${invocation.http ? ' ' : ''}${last.errorType}${last.message ? `: ${last.message}` : ''}`} maxChars={160} />}
        {!invocation.http && last?.errorType === undefined && <span class="faint mono">{shortId(invocation.id)}</span>}
      </span>
    </div>
  );
}

export function languageOf(worker: string) {
  return worker === 'endpoint' ? 'rust' : app.value?.workers.find((candidate) => candidate.name === worker)?.language;
}
