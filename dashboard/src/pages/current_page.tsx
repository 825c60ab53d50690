// Renders the page of the current route.

import { useEffect } from 'preact/hooks';
import { app } from '../store/store';
import type { Route } from '../route/path';
import { route } from '../route/router';
import { BuildsPage } from './builds';
import { ExecutionPage } from './execution';
import { ExecutionsPage } from './executions';
import { GraphPage } from './graph';
import { InvocationPage } from './invocation';
import { InvocationsPage } from './invocations';
import { NotFoundPage } from './not_found';
import { OverviewPage } from './overview';
import { QueueEventPage, QueuePage } from './async_queue';
import { RunPage } from './run';
import { TracePage } from './trace';
import { WorkerPage, WorkersPage } from './workers';

export function CurrentPage() {
  const current = route.value;
  const title = titleOf(current);
  useEffect(() => {
    document.title = `${title} · ${app.value?.name ?? 'cargo bedrock dev'}`;
  }, [title, app.value?.name]);
  switch (current.name) {
    case 'overview':
      return <OverviewPage />;
    case 'graph':
      return <GraphPage />;
    case 'invocations':
      return <InvocationsPage />;
    case 'invocation':
      return <InvocationPage key={current.id} id={current.id} />;
    case 'trace':
      return <TracePage key={current.id} id={current.id} />;
    case 'workers':
      return <WorkersPage />;
    case 'worker':
      return <WorkerPage key={current.worker} name={current.worker} />;
    case 'run':
      return <RunPage key={current.worker} name={current.worker} />;
    case 'queue':
      return <QueuePage />;
    case 'event':
      return <QueueEventPage key={current.id} id={current.id} />;
    case 'executions':
      return <ExecutionsPage />;
    case 'execution':
      return <ExecutionPage key={current.id} id={current.id} />;
    case 'builds':
      return <BuildsPage />;
    case 'notFound':
      return <NotFoundPage path={current.path} />;
  }
}

function titleOf(current: Route): string {
  switch (current.name) {
    case 'invocation':
      return `Invocation ${current.id.slice(0, 8)}`;
    case 'trace':
      return `Trace ${current.id.slice(0, 24)}`;
    case 'worker':
      return current.worker;
    case 'run':
      return `Run ${current.worker}`;
    case 'event':
      return `Event ${current.id.slice(0, 8)}`;
    case 'execution':
      return `Execution ${current.id.slice(0, 8)}`;
    case 'notFound':
      return 'Not found';
    case 'graph':
      return 'Call graph';
    default:
      return current.name.charAt(0).toUpperCase() + current.name.slice(1);
  }
}
