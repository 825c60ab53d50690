// Which component shows which view.

import { useEffect } from 'preact/hooks';
import { app } from '../state/store';
import type { View } from '../route/path';
import { view } from '../route/router';
import { Builds } from './builds';
import { GraphView } from './graph';
import { InvocationView } from './invocation';
import { Invocations } from './invocations';
import { Missing } from './missing';
import { Overview } from './overview';
import { QueueEventView, QueueView } from './queue';
import { Run } from './run';
import { TraceView } from './trace';
import { WorkerView, Workers } from './worker';

export function Views() {
  const current = view.value;
  const title = titleOf(current);
  useEffect(() => {
    document.title = `${title} · ${app.value?.name ?? 'cargo bedrock dev'}`;
  }, [title, app.value?.name]);
  switch (current.name) {
    case 'overview':
      return <Overview />;
    case 'graph':
      return <GraphView />;
    case 'invocations':
      return <Invocations />;
    case 'invocation':
      return <InvocationView key={current.id} id={current.id} />;
    case 'trace':
      return <TraceView key={current.id} id={current.id} />;
    case 'workers':
      return <Workers />;
    case 'worker':
      return <WorkerView key={current.worker} name={current.worker} />;
    case 'run':
      return <Run key={current.worker} name={current.worker} />;
    case 'queue':
      return <QueueView />;
    case 'event':
      return <QueueEventView key={current.id} id={current.id} />;
    case 'builds':
      return <Builds />;
    case 'missing':
      return <Missing path={current.path} />;
  }
}

function titleOf(current: View): string {
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
    case 'missing':
      return 'Not found';
    case 'graph':
      return 'Call graph';
    default:
      return current.name.charAt(0).toUpperCase() + current.name.slice(1);
  }
}
