// What calls a worker by itself; schedules can be fired at once.

import { useState } from 'preact/hooks';
import { post } from '../api/client';
import type { Called, Trigger } from '../api/types';
import { described } from '../graph/model';
import { pathTo } from '../route/path';
import { triggerKey } from '../state/calls';
import { Failure } from './notice';

export function TriggerList({ worker, triggers }: { worker: string; triggers: Trigger[] }) {
  return (
    <section aria-labelledby="triggers-title">
      <h2 id="triggers-title">Triggers</h2>
      <ul class="events">
        {triggers.map((trigger, number) => <TriggerItem key={triggerKey(trigger.kind, trigger.source)} worker={worker} trigger={trigger} number={number} />)}
      </ul>
    </section>
  );
}

function TriggerItem({ worker, trigger, number }: { worker: string; trigger: Trigger; number: number }) {
  const [fired, setFired] = useState<{ id?: string; error?: unknown }>({});
  const { label, note } = described(trigger);
  const fire = (): void => {
    setFired({});
    post(`/workers/${encodeURIComponent(worker)}/triggers/${number}/fire`).then(
      (answer) => setFired({ id: (JSON.parse(answer) as Called).request_id }),
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
        <a class="button quiet" href={pathTo(['invocations'], { worker, from: triggerKey(trigger.kind, trigger.source) })}>Its invocations</a>
        {fired.id !== undefined && <span role="status">Fired: <a href={pathTo(['invocations', fired.id])}>invocation</a></span>}
        {fired.error !== undefined && <Failure what="It could not be fired" error={fired.error} />}
      </div>
    </li>
  );
}
