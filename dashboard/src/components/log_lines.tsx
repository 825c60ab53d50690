// The log lines of a worker with their times. Of many lines, only the last are shown initially.

import { useState } from 'preact/hooks';
import type { LogLine } from '../api/types';
import { clock, count, duration } from '../text/format';
import { UntrustedText } from './untrusted_text';

/** Lines that are shown initially. */
const INITIAL_LINES = 500;
/** Lines that each click on "show earlier lines" adds. */
const MORE_LINES = 2_000;

/** With `startedAt`, the times are relative to it. */
export function LogLines({ lines, startedAt }: { lines: LogLine[]; startedAt?: number }) {
  const [lineLimit, setLineLimit] = useState(INITIAL_LINES);
  const shown = lines.slice(-lineLimit);
  return (
    <div class="logs" tabIndex={0} role="region" aria-label="Log lines">
      {lines.length > shown.length && <button type="button" class="more" onClick={() => setLineLimit(lineLimit + MORE_LINES)}>show earlier lines ({count(lines.length - shown.length)})</button>}
      <ol>
        {shown.map((line) => {
          const at = Date.parse(line.at);
          return (
            <li key={line.id} class={`level-${line.level ?? 'none'}`}>
              <time dateTime={line.at} title={clock(at)}>{startedAt === undefined ? clock(at) : `+${duration(Math.max(0, at - startedAt))}`}</time>
              <span class="log-level">{line.level ?? ''}</span>
              <span class="log-line"><UntrustedText text={line.line} initialChars={2_000} /></span>
            </li>
          );
        })}
      </ol>
    </div>
  );
}
