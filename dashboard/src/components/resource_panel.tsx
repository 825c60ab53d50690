// The settings of a resource or a schedule: how it invokes workers, and what functions may do with it.

import type { App } from '../api/types';
import { resourceDetails, triggerSettings } from '../graph/model';
import { pathTo } from '../route/path';
import { triggerKey } from '../store/invocations';
import { EmptyState } from './notice';

export function ResourcePanel({ app, id }: { app: App; id: string }) {
  const details = resourceDetails(app, id);
  if (!details) return <EmptyState title={`The app has no ${id}.`}><p><a href={pathTo(['graph'])}>Show the whole graph</a></p></EmptyState>;
  return (
    <section class="panel" aria-label={`Settings of ${id}`}>
      <header class="panel-head">
        <h2><bdi>{id}</bdi></h2>
        <a class="button quiet" href={pathTo(['graph'])}>Close</a>
      </header>
      <div class="panel-body">
        {details.triggers.map(({ worker, trigger }, index) => (
          <div key={index}>
            <h3>Invokes <FunctionLink name={worker} /></h3>
            <dl class="facts">
              {triggerSettings(trigger).map(([name, value]) => <div key={name}><dt>{name}</dt><dd><bdi>{value}</bdi></dd></div>)}
            </dl>
            <a class="button quiet" href={pathTo(['invocations'], { worker, from: triggerKey(trigger.kind, trigger.local_name ?? trigger.source) })}>Invocations of this trigger</a>
          </div>
        ))}
        {details.uses.map(({ from, access, variable, key }) => (
          <div key={from}>
            <h3>Used by <FunctionLink name={from} /></h3>
            <dl class="facts">
              <div><dt>access</dt><dd>{access.join(', ')}</dd></div>
              {variable !== undefined && <div><dt>variable</dt><dd><code>{variable}</code></dd></div>}
              {key && <div><dt>key</dt><dd>{key.join(', ')}</dd></div>}
            </dl>
          </div>
        ))}
      </div>
    </section>
  );
}

function FunctionLink({ name }: { name: string }) {
  return <a href={pathTo(['workers', name])}><bdi>{name}</bdi></a>;
}
