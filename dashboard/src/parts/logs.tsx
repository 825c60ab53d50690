// What a worker printed, each line at its moment. Of many lines the last ones, and the others when they are asked for.

import { useState } from 'preact/hooks';
import type { Line } from '../api/types';
import { clock, count, duration } from '../text/format';
import { Said } from './said';

/** Lines that are shown at first, and with each request for more. */
const LINES = 500;

/** With `began`, times are those since then. */
export function LogLines({ lines, began }: { lines: Line[]; began?: number }) {
  const [most, setMost] = useState(LINES);
  const shown = lines.slice(-most);
  return (
    <div class="logs" tabIndex={0} role="region" aria-label="Log lines">
      {lines.length > shown.length && <button type="button" class="more" onClick={() => setMost(most + 4 * LINES)}>show earlier lines ({count(lines.length - shown.length)})</button>}
      <ol>
        {shown.map((line) => {
          const at = Date.parse(line.at);
          return (
            <li key={line.id} class={`level-${line.level ?? 'none'}`}>
              <time dateTime={line.at} title={clock(at)}>{began === undefined ? clock(at) : `+${duration(Math.max(0, at - began))}`}</time>
              <span class="log-level">{line.level ?? ''}</span>
              <span class="log-line"><Said text={line.line} first={2_000} /></span>
            </li>
          );
        })}
      </ol>
    </div>
  );
}
