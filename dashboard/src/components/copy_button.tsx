// A button that copies text, and a command with such a button.

import { useState } from 'preact/hooks';

/** How long the button shows the result. */
const RESET_DELAY_MS = 1_500;

export function CopyButton({ label, text, children }: { label: string; text: () => string | Promise<string>; children?: string }) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  const copy = async (): Promise<void> => {
    setState((await copyToClipboard(text)) ? 'copied' : 'failed');
    setTimeout(() => setState('idle'), RESET_DELAY_MS);
  };
  const caption = { idle: children ?? 'Copy', copied: 'Copied', failed: 'Copy failed' }[state];
  return (
    <button type="button" class="quiet" aria-label={children ? undefined : label} onClick={() => void copy()}>
      <span aria-live="polite">{caption}</span>
    </button>
  );
}

/** A command with a copy button. */
export function Command({ text, label = 'Copy command' }: { text: string; label?: string }) {
  return (
    <div class="command">
      <code tabIndex={0}>{text}</code>
      <CopyButton label={label} text={() => text} />
    </div>
  );
}

async function copyToClipboard(getText: () => string | Promise<string>): Promise<boolean> {
  let text = '';
  try {
    text = await getText();
  } catch {
    return false;
  }
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyWithTextArea(text);
  }
}

/** Copies without the clipboard API, which some browsers deny to this page. */
function copyWithTextArea(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'visually-hidden';
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  return isCopied;
}
