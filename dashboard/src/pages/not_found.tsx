// The page for unknown URLs.

import { UntrustedLine } from '../components/untrusted_text';

export function NotFoundPage({ path }: { path: string }) {
  return (
    <div class="page">
      <h1 tabIndex={-1}>Not found</h1>
      <p>There is no page at <code><UntrustedLine text={path} /></code>. Available pages:</p>
      <ul class="plain-list">
        <li><a href="/">Overview</a>: URLs, recent failures, figures of the last minute</li>
        <li><a href="/graph">Call graph</a>: calls between functions, with rates and durations</li>
        <li><a href="/invocations">Invocations</a>: every call, updated live</li>
        <li><a href="/workers">Workers</a>: settings, and running a worker</li>
        <li><a href="/queue">Async queue</a>: pending events and dead letters</li>
        <li><a href="/builds">Builds</a>: builds and reloads</li>
      </ul>
    </div>
  );
}
