// Notices shown instead of content: loading, empty with a first step, or an error with a hint.

import type { ComponentChildren } from 'preact';
import { ApiError, ConnectionError } from '../api/client';

export function EmptyState({ title, children }: { title: string; children?: ComponentChildren }) {
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

export function ErrorNotice({ title, error, retry }: { title: string; error: unknown; retry?: () => void }) {
  return (
    <div class="failure" role="alert">
      <p><strong>{title}</strong>: {errorMessage(error)}</p>
      <p class="faint">{errorHint(error)}</p>
      {retry && <button type="button" onClick={retry}>Try again</button>}
    </div>
  );
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function errorHint(error: unknown): string {
  if (error instanceof ConnectionError) return 'The page reconnects automatically. If `cargo bedrock dev` is not running, start it again.';
  if (error instanceof ApiError && error.status === 404) {
    return '`dev` keeps the last 20,000 events or 32 MB in memory. Older events, also those of earlier runs, are in target/bedrock/dev/happenings.ndjson.';
  }
  if (error instanceof ApiError && error.status === 410) return 'Full payloads are stored separately, and evicted earlier than the records of their invocations.';
  return 'Try again; the terminal of `cargo bedrock dev` may show more.';
}
