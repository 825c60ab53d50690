// The page of the call graph: the calls that the build found and what the settings say, with live rates, errors and durations, as a drawing and as a list.

import { useMemo, useRef, useState } from 'preact/hooks';
import { Drawing } from '../graph/drawing';
import { type StatsByKey, edgePath, collectStats, edgeRemarks } from '../graph/graph_stats';
import { type Graph, buildGraph } from '../graph/model';
import { Command } from '../components/copy_button';
import { EmptyState, Loading } from '../components/notice';
import { ResourcePanel } from '../components/resource_panel';
import { pathTo } from '../route/path';
import { navigate, parameters } from '../route/router';
import { edgeKey } from '../store/call_metrics';
import { app, version, isLoaded, now, callMetrics } from '../store/store';
import { duration, rate, percent } from '../text/format';

const MIN_UPDATE_INTERVAL_MS = 500;
const WINDOWS: [number, string][] = [[60, 'last minute'], [300, 'last 5 minutes'], [600, 'last 10 minutes']];

export function GraphPage() {
  const requested = Number(parameters.value.get('window') ?? 60);
  const seconds = WINDOWS.some(([option]) => option === requested) ? requested : 60;
  const resource = parameters.value.get('resource') ?? undefined;
  const observedCalls = useObservedCalls();
  const current = app.value;
  const graph = useMemo(() => current && buildGraph(current, observedCalls), [current, observedCalls]);
  const lastChange = useThrottledTime();
  const statsByKey = useMemo(() => (graph ? collectStats(graph, Math.max(now.value, lastChange), seconds) : undefined), [graph, lastChange, seconds, now.value]);
  return (
    <div class="page graph-page">
      <div class="title-bar">
        <h1 tabIndex={-1}>Call graph</h1>
        <label class="choice">
          <span class="visually-hidden">Period</span>
          <select value={String(seconds)} onChange={(event) => navigate(pathTo(['graph'], { resource, window: event.currentTarget.value === '60' ? undefined : event.currentTarget.value }), { replace: true })}>
            {WINDOWS.map(([value, label]) => <option key={value} value={String(value)}>{label}</option>)}
          </select>
        </label>
      </div>
      {!graph && <Loading />}
      {graph && current?.edges === null && <p class="banner is-busy" role="status">The build has not yet determined the call graph. Calls appear here when they happen.</p>}
      {graph && graph.nodes.length === 1 && (
        <EmptyState title="The app has no worker yet."><p>Create one, and call it with <code>invoke!</code>:</p><Command text="cargo bedrock new worker greeter.py" /></EmptyState>
      )}
      {graph && statsByKey && graph.nodes.length > 1 && isLoaded.value && (
        <>
          {resource !== undefined && current && <ResourcePanel app={current} id={resource} />}
          <Drawing graph={graph} statsByKey={statsByKey} selected={resource} />
          <EdgeList graph={graph} statsByKey={statsByKey} />
        </>
      )}
    </div>
  );
}

/** Returns the observed calls; the same array as long as its contents are the same. */
function useObservedCalls(): [string, string][] {
  version.value;
  const previous = useRef<{ key: string; calls: [string, string][] }>({ key: '', calls: [] });
  const keys = callMetrics.keys().filter((key) => key.includes('>') && !key.startsWith('>'));
  const key = keys.sort().join(' ');
  if (key !== previous.current.key) previous.current = { key, calls: keys.map((edge) => edge.split('>') as [string, string]) };
  return previous.current.calls;
}

/** Returns the time of the last change, updated at most twice a second: numbers that change faster are not readable. */
function useThrottledTime(): number {
  const [time, setTime] = useState(Date.now());
  const current = version.value;
  const last = useRef({ version: current, at: 0 });
  if (current !== last.current.version && Date.now() - last.current.at > MIN_UPDATE_INTERVAL_MS) {
    last.current = { version: current, at: Date.now() };
    setTime(Date.now());
  }
  return time;
}

function EdgeList({ graph, statsByKey }: { graph: Graph; statsByKey: StatsByKey }) {
  if (graph.edges.length === 0) return <EmptyState title="No worker is called yet."><p>A call such as <code>invoke!("{graph.nodes[1]?.label}", json!({'{}'}))</code> in the endpoint or in a worker adds an edge.</p></EmptyState>;
  const labels = new Map(graph.nodes.map((node) => [node.id, node.label]));
  return (
    <details class="edge-list">
      <summary>Show as a list</summary>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Calls, triggers and resources, table">
        <table class="table">
          <caption class="visually-hidden">Calls between functions, triggers, and resources that functions use</caption>
          <thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col" class="num">Rate</th><th scope="col" class="num">Errors</th><th scope="col" class="num">p50</th><th scope="col" class="num">p99</th><th scope="col">Notes</th></tr></thead>
          <tbody>
            {graph.edges.map((edge) => {
              const stats = statsByKey.get(edgeKey(edge.from, edge.to));
              return (
                <tr key={edgeKey(edge.from, edge.to)}>
                  <th scope="row"><bdi>{labels.get(edge.from)}</bdi></th>
                  <td><a href={edgePath(edge)}><bdi>{edge.to}</bdi></a></td>
                  <td class="num">{stats && stats.count > 0 ? rate(stats.perSecond) : '–'}</td>
                  <td class={`num${stats && stats.errors > 0 ? ' is-bad' : ''}`}>{stats && stats.count > 0 ? percent(stats.errors / stats.count) : '–'}</td>
                  <td class="num">{stats?.p50 === undefined ? '–' : duration(stats.p50)}</td>
                  <td class="num">{stats?.p99 === undefined ? '–' : duration(stats.p99)}</td>
                  <td>{edgeRemarks(edge, stats).join(', ')}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </details>
  );
}
