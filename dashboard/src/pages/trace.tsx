// The page of a trace: everything that one call caused.

import { Command } from '../components/copy_button';
import { EmptyState } from '../components/notice';
import { UntrustedLine } from '../components/untrusted_text';
import { TracePanel } from '../components/trace_panel';
import { app, isLoaded } from '../store/store';
import { endpointCommand } from '../text/shell_command';

export function TracePage({ id }: { id: string }) {
  return (
    <div class="page">
      <h1 tabIndex={-1}>Trace</h1>
      <p class="mono faint"><UntrustedLine text={id} /></p>
      <TracePanel trace={id} missing={isLoaded.value ? <TraceNotStored /> : null} />
    </div>
  );
}

function TraceNotStored() {
  return (
    <EmptyState title="This trace is not stored.">
      <p>`dev` keeps the last 20,000 events of this run. <a href="/invocations">See the stored invocations</a>, or start a new trace:</p>
      <Command text={endpointCommand(app.value?.url ?? '', app.value?.endpoint.url_auth)} />
    </EmptyState>
  );
}
