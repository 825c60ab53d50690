// An address that is no view.

import { Brief } from '../parts/said';

export function Missing({ path }: { path: string }) {
  return (
    <div class="page">
      <h1 tabIndex={-1}>Not found</h1>
      <p>There is no view at <code><Brief text={path} /></code>. These are there:</p>
      <ul class="plain-list">
        <li><a href="/">Start</a>: what runs, its addresses, what failed last</li>
        <li><a href="/graph">Call graph</a>: who calls whom, how often, how fast</li>
        <li><a href="/invocations">Invocations</a>: every call, as it happens</li>
        <li><a href="/workers">Workers</a>: their settings, and running them</li>
        <li><a href="/queue">Queue</a>: events that wait or were given up</li>
        <li><a href="/builds">Builds</a>: what was built and reloaded</li>
      </ul>
    </div>
  );
}
