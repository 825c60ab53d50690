// Who calls whom, alive: drawn from what the build found, with rates, errors and times of the last minutes; and the same as a list.

import { useMemo, useRef, useState } from 'preact/hooks';
import { Drawing } from '../graph/drawing';
import { type Measured, edgePath, measured as measure, notes } from '../graph/figures';
import { type Graph, graphOf } from '../graph/model';
import { Command } from '../parts/copy';
import { Empty, Loading } from '../parts/notice';
import { pathTo } from '../route/path';
import { go, parameters } from '../route/router';
import { edgeKey } from '../state/rates';
import { app, changes, isLoaded, now, rates } from '../state/store';
import { duration, rate, share } from '../text/format';

const WINDOWS: [number, string][] = [[60, 'last minute'], [300, 'last 5 minutes'], [600, 'last 10 minutes']];

export function GraphView() {
  const window = Number(parameters.value.get('window') ?? 60);
  const seconds = WINDOWS.some(([one]) => one === window) ? window : 60;
  const seen = useSeen();
  const current = app.value;
  const graph = useMemo(() => current && graphOf(current, seen), [current, seen]);
  const last = useThrottled();
  const measured = useMemo(() => (graph ? measure(graph, Math.max(now.value, last), seconds) : undefined), [graph, last, seconds, now.value]);
  return (
    <div class="page graph-page">
      <div class="title-bar">
        <h1 tabIndex={-1}>Call graph</h1>
        <label class="choice">
          <span class="visually-hidden">Figures of</span>
          <select value={String(seconds)} onChange={(event) => go(pathTo(['graph'], { window: event.currentTarget.value === '60' ? undefined : event.currentTarget.value }), { replace: true })}>
            {WINDOWS.map(([value, label]) => <option key={value} value={String(value)}>{label}</option>)}
          </select>
        </label>
      </div>
      {!graph && <Loading />}
      {graph && current?.edges === null && <p class="banner is-busy" role="status">The build has not yet found who calls whom; calls appear here when they happen.</p>}
      {graph && graph.nodes.length === 1 && (
        <Empty title="The app has no worker yet."><p>Make one, and call it with <code>invoke!</code>:</p><Command text="cargo bedrock new worker greeter.py" /></Empty>
      )}
      {graph && measured && graph.nodes.length > 1 && isLoaded.value && (
        <>
          <Drawing graph={graph} measured={measured} />
          <EdgeList graph={graph} measured={measured} />
        </>
      )}
    </div>
  );
}

/** Calls that happened, the same list while it has the same ones. */
function useSeen(): [string, string][] {
  changes.value;
  const before = useRef<{ key: string; seen: [string, string][] }>({ key: '', seen: [] });
  const keys = rates.keys().filter((key) => key.includes('>') && !key.startsWith('>'));
  const key = keys.sort().join(' ');
  if (key !== before.current.key) before.current = { key, seen: keys.map((one) => one.split('>') as [string, string]) };
  return before.current.seen;
}

/** The time of the newest change, half a second exact: figures that flicker cannot be read. */
function useThrottled(): number {
  const [time, setTime] = useState(Date.now());
  const version = changes.value;
  const last = useRef({ version, at: 0 });
  if (version !== last.current.version && Date.now() - last.current.at > 500) {
    last.current = { version, at: Date.now() };
    setTime(Date.now());
  }
  return time;
}

function EdgeList({ graph, measured }: { graph: Graph; measured: Measured }) {
  if (graph.edges.length === 0) return <Empty title="Nobody calls a worker yet."><p>A call such as <code>invoke!("{graph.nodes[1]?.label}", json!({'{}'}))</code> in the endpoint or in a worker makes an edge.</p></Empty>;
  const labels = new Map(graph.nodes.map((node) => [node.id, node.label]));
  return (
    <details class="edge-list">
      <summary>The same as a list</summary>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Calls, table">
        <table class="table">
          <caption class="visually-hidden">Who calls whom</caption>
          <thead><tr><th scope="col">Who</th><th scope="col">calls</th><th scope="col" class="num">Rate</th><th scope="col" class="num">Errors</th><th scope="col" class="num">p50</th><th scope="col" class="num">p99</th><th scope="col">Notes</th></tr></thead>
          <tbody>
            {graph.edges.map((edge) => {
              const of = measured.get(edgeKey(edge.from, edge.to));
              return (
                <tr key={edgeKey(edge.from, edge.to)}>
                  <th scope="row"><bdi>{labels.get(edge.from)}</bdi></th>
                  <td><a href={edgePath(edge)}><bdi>{edge.to}</bdi></a></td>
                  <td class="num">{of && of.count > 0 ? rate(of.perSecond) : '–'}</td>
                  <td class={`num${of && of.errors > 0 ? ' is-bad' : ''}`}>{of && of.count > 0 ? share(of.errors / of.count) : '–'}</td>
                  <td class="num">{of?.p50 === undefined ? '–' : duration(of.p50)}</td>
                  <td class="num">{of?.p99 === undefined ? '–' : duration(of.p99)}</td>
                  <td>{notes(edge, of).join(', ')}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </details>
  );
}
