// All that one call led to.

import { Command } from '../parts/copy';
import { Empty } from '../parts/notice';
import { Brief } from '../parts/said';
import { TracePanel } from '../parts/trace_panel';
import { app, isLoaded } from '../state/store';
import { functionUrl } from '../text/command';

export function TraceView({ id }: { id: string }) {
  return (
    <div class="page">
      <h1 tabIndex={-1}>Trace</h1>
      <p class="mono faint"><Brief text={id} /></p>
      <TracePanel trace={id} missing={isLoaded.value ? <Gone /> : null} />
    </div>
  );
}

function Gone() {
  return (
    <Empty title="Nothing is kept of this trace.">
      <p>`dev` keeps the last 20,000 happenings of this run. <a href="/invocations">See what there is</a>, or make a new trace:</p>
      <Command text={`curl ${functionUrl(app.value?.url ?? '', 'endpoint')}`} />
    </Empty>
  );
}
