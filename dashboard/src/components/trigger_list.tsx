// The triggers of a worker. Schedules have a button that fires them immediately.

import { useState } from 'preact/hooks';
import { post } from '../api/client';
import type { InvokeResponse, Trigger } from '../api/types';
import { describeTrigger } from '../graph/model';
import { pathTo } from '../route/path';
import { triggerKey } from '../store/invocations';
import { ErrorNotice } from './notice';

export function TriggerList({ worker, triggers }: { worker: string; triggers: Trigger[] }) {
  return (
    <section aria-labelledby="triggers-title">
      <h2 id="triggers-title">Triggers</h2>
      <ul class="events">
        {triggers.map((trigger, index) => <TriggerItem key={triggerKey(trigger.kind, trigger.source)} worker={worker} trigger={trigger} index={index} />)}
      </ul>
    </section>
  );
}

function TriggerItem({ worker, trigger, index }: { worker: string; trigger: Trigger; index: number }) {
  const [fired, setFired] = useState<{ id?: string; error?: unknown }>({});
  const { label, note } = describeTrigger(trigger);
  const fire = (): void => {
    setFired({});
    post(`/workers/${encodeURIComponent(worker)}/triggers/${index}/fire`).then(
      (response) => setFired({ id: (JSON.parse(response) as InvokeResponse).request_id }),
      (error: unknown) => setFired({ error }),
    );
  };
  return (
    <li class="event">
      <div class="event-head">
        <b><bdi>{label}</bdi></b>
        <span class="faint">{note}</span>
      </div>
      <div class="actions is-small">
        {trigger.kind === 'schedule' && <button type="button" onClick={fire} aria-label={`Fire now: ${label}`}>Fire now</button>}
        <a class="button quiet" href={pathTo(['invocations'], { worker, from: triggerKey(trigger.kind, trigger.local_name ?? trigger.source) })}>Invocations of this trigger</a>
        {fired.id !== undefined && <span role="status">Fired: <a href={pathTo(['invocations', fired.id])}>invocation</a></span>}
        {fired.error !== undefined && <ErrorNotice title="The trigger could not be fired" error={fired.error} />}
      </div>
    </li>
  );
}
