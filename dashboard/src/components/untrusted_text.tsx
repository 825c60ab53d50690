// Text written by the user's programs, rendered only as text: with isolated direction, ANSI colours, visible control
// characters, and a limited length.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { parseAnsi } from '../text/ansi';
import { INITIAL_CHARS, MORE_CHARS, truncate } from '../text/truncate';
import { bytes } from '../text/format';
import { visiblePieces } from '../text/visible';

/** Renders the text; a button shows what exceeds the first characters. */
export function UntrustedText({ text, initialChars = INITIAL_CHARS }: { text: string; initialChars?: number }) {
  const [charLimit, setCharLimit] = useState(initialChars);
  const shown = truncate(text, charLimit);
  const remaining = text.length - shown.length;
  return (
    <>
      <bdi class="untrusted">{renderRuns(shown)}</bdi>
      {remaining > 0 && (
        <button type="button" class="more" onClick={() => setCharLimit(charLimit + MORE_CHARS)}>
          show more ({bytes(remaining)} left)
        </button>
      )}
    </>
  );
}

/** Renders the text in one line, truncated. */
export function UntrustedLine({ text, maxChars = 200 }: { text: string; maxChars?: number }) {
  const shown = truncate(text, maxChars);
  return <bdi class="untrusted is-line">{renderRuns(shown === text ? text : `${shown}…`)}</bdi>;
}

function renderRuns(text: string): ComponentChildren {
  return parseAnsi(text).map((run) => {
    const shown = visiblePieces(run.text).map((piece) =>
      piece.mark === undefined ? piece.text : <span class="invisible-char" title={piece.mark}>{piece.text}</span>,
    );
    return run.style === '' ? shown : <span class={run.style}>{shown}</span>;
  });
}
