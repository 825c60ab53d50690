// Buttons that copy, and commands that are there to be copied.

import { useState } from 'preact/hooks';

export function CopyButton({ label, text, children }: { label: string; text: () => string | Promise<string>; children?: string }) {
  const [state, setState] = useState<'idle' | 'done' | 'failed'>('idle');
  const copy = async (): Promise<void> => {
    setState((await copied(text)) ? 'done' : 'failed');
    setTimeout(() => setState('idle'), 1_500);
  };
  const shown = { idle: children ?? 'Copy', done: 'Copied', failed: 'Not copied' }[state];
  return (
    <button type="button" class="quiet" aria-label={children ? undefined : label} onClick={() => void copy()}>
      <span aria-live="polite">{shown}</span>
    </button>
  );
}

/** A command with its button. */
export function Command({ text, label = 'Copy command' }: { text: string; label?: string }) {
  return (
    <div class="command">
      <code tabIndex={0}>{text}</code>
      <CopyButton label={label} text={() => text} />
    </div>
  );
}

async function copied(given: () => string | Promise<string>): Promise<boolean> {
  let text = '';
  try {
    text = await given();
  } catch {
    return false;
  }
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return byHand(text);
  }
}

/** For browsers that keep the clipboard from this page. */
function byHand(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'visually-hidden';
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}
