// Text that a user's programs wrote, shown as nothing but text: isolated in its direction, its colours read, what cannot
// be seen made visible, what is long cut.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { styled } from '../text/ansi';
import { FIRST, MORE, head } from '../text/cut';
import { bytes } from '../text/format';
import { pieces } from '../text/visible';

/** In a line or in lines of its own; what is beyond the first characters comes with a button. */
export function Said({ text, first = FIRST }: { text: string; first?: number }) {
  const [most, setMost] = useState(first);
  const shown = head(text, most);
  const left = text.length - shown.length;
  return (
    <>
      <bdi class="said">{runs(shown)}</bdi>
      {left > 0 && (
        <button type="button" class="more" onClick={() => setMost(most + MORE)}>
          show more ({bytes(left)} left)
        </button>
      )}
    </>
  );
}

/** In one line, its end left out. */
export function Brief({ text, most = 200 }: { text: string; most?: number }) {
  const shown = head(text, most);
  return <bdi class="said brief">{runs(shown === text ? text : `${shown}…`)}</bdi>;
}

function runs(text: string): ComponentChildren {
  return styled(text).map((run) => {
    const shown = pieces(run.text).map((piece) =>
      piece.mark === undefined ? piece.text : <span class="odd" title={piece.mark}>{piece.text}</span>,
    );
    return run.style === '' ? shown : <span class={run.style}>{shown}</span>;
  });
}
