// Badges for languages and outcomes. Text or shape conveys the same as the colour.

import type { ExecutionOperation, ExecutionStatus, Language, Outcome } from '../api/types';

const LANGUAGES: Record<Language, [string, string]> = { rust: ['rs', 'Rust'], python: ['py', 'Python'], javascript: ['js', 'JavaScript'] };

export function LanguageBadge({ language }: { language: Language | undefined }) {
  if (!language) return null;
  const [abbreviation, name] = LANGUAGES[language];
  return <abbr class={`lang lang-${language}`} title={name}>{abbreviation}</abbr>;
}

export function languageName(language: Language): string {
  return LANGUAGES[language][1];
}

const ICON_PATHS: Record<Outcome | 'running', string> = {
  ok: 'M3 8.5l3.2 3.2L13 4.8',
  error: 'M4 4l8 8M12 4l-8 8',
  timeout: 'M8 2.5a5.5 5.5 0 1 0 .01 0M8 5v3.2l2.2 1.6',
  throttled: 'M2.5 11a5.7 5.7 0 1 1 11 0M8 10.5l2.6-3.6',
  denied: 'M8 2.5a5.5 5.5 0 1 0 .01 0M4.3 4.3l7.4 7.4',
  running: 'M8 2.5a5.5 5.5 0 0 1 5.5 5.5',
};

/** The outcome, or the HTTP status of a function that responded. A status of 5xx looks like an error. */
export function OutcomeBadge({ outcome, status }: { outcome: Outcome | 'running'; status?: number | undefined }) {
  return <Badge look={outcomeLook(outcome, status)} text={String(outcome === 'ok' && status !== undefined ? status : outcome)} />;
}

/** The status of an execution, or of one of its operations. */
export function StatusBadge({ status }: { status: ExecutionStatus | ExecutionOperation['status'] }) {
  return <Badge look={STATUS_LOOKS[status]} text={status.toLowerCase().replace('_', ' ')} />;
}

function Badge({ look, text }: { look: Outcome | 'running' | 'rejected'; text: string }) {
  return (
    <span class={`outcome is-${look}`}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><path d={ICON_PATHS[look === 'rejected' ? 'denied' : look]} /></svg>
      {text}
    </span>
  );
}

const STATUS_LOOKS: Record<ExecutionStatus | ExecutionOperation['status'], Outcome | 'running'> = {
  RUNNING: 'running', STARTED: 'running', PENDING: 'running', READY: 'running', PAUSING: 'throttled', PAUSED: 'throttled', SUCCEEDED: 'ok',
  FAILED: 'error', TIMED_OUT: 'timeout', STOPPED: 'denied', CANCELLED: 'denied',
};

/** Returns the outcome that an invocation looks like: a status of 4xx is neither a success nor a failure of the function. */
export function outcomeLook(outcome: Outcome | 'running', status: number | undefined): Outcome | 'running' | 'rejected' {
  if (outcome !== 'ok' || status === undefined || status < 400) return outcome;
  return status < 500 ? 'rejected' : 'error';
}
