// What is said in place of a view: that it loads, that there is nothing yet and what to do first, what failed and what to try.

import type { ComponentChildren } from 'preact';
import { Refused, Unreachable } from '../api/client';

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

export function Loading() {
  return <p class="empty faint" role="status">Loading…</p>;
}

export function Failure({ what, error, retry }: { what: string; error: unknown; retry?: () => void }) {
  return (
    <div class="failure" role="alert">
      <p><strong>{what}</strong>: {message(error)}</p>
      <p class="faint">{hint(error)}</p>
      {retry && <button type="button" onClick={retry}>Try again</button>}
    </div>
  );
}

export function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function hint(error: unknown): string {
  if (error instanceof Unreachable) return 'The page connects again by itself. If `cargo bedrock dev` has ended, start it anew.';
  if (error instanceof Refused && error.status === 404) {
    return '`dev` keeps the last 20,000 happenings or 32 MB. What is older, or of a run before, is in target/bedrock/dev/happenings.ndjson.';
  }
  if (error instanceof Refused && error.status === 410) return 'Events are kept apart from what happened with them, and not as long.';
  return 'Try again; the terminal in which `cargo bedrock dev` runs may say more.';
}
