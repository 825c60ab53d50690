// Keyboard shortcuts of all pages, and the dialog that lists them. Some pages have further shortcuts.

import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { navigate } from '../route/router';
import { Dialog } from './dialog';

const isShown = signal(false);

/** How long after `g` the second key counts. */
const PREFIX_TIMEOUT_MS = 1_000;

const SHORTCUTS: [string, string][] = [
  ['?', 'show this list'],
  ['g o', 'overview'],
  ['g g', 'call graph'],
  ['g i', 'invocations'],
  ['g w', 'workers'],
  ['g q', 'async queue'],
  ['g e', 'executions of durable workers'],
  ['g b', 'builds'],
  ['/', 'search invocations'],
  ['j k ↓ ↑', 'next and previous row'],
  ['Enter', 'open the row'],
  ['PageDown PageUp', 'fifteen rows forward and back'],
  ['Home End', 'first and last row'],
  ['← →', 'collapse and expand a span; in the graph: nearest function in this direction'],
  ['[ ]', 'in the waterfall: pan to earlier or later'],
  ['r', 'in the graph: open the page that runs the function'],
  ['+ − 0', 'in the graph and the waterfall: zoom in, zoom out, show everything'],
  ['Ctrl Enter', 'run the worker with the event'],
  ['Esc', 'close a dialog; leave the search field'],
];

const PATHS_AFTER_G: Record<string, string> = { o: '/', g: '/graph', i: '/invocations', q: '/queue', b: '/builds', e: '/executions', w: '/workers' };

/** Returns whether the key is typed into a field. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function showShortcuts(): void {
  isShown.value = true;
}

/** Frames to wait for the page of invocations to be rendered. */
const MAX_FRAMES = 60;

function focusSearchField(framesLeft: number): void {
  const field = document.querySelector<HTMLInputElement>('input[type=search]');
  if (field) field.focus();
  else if (framesLeft > 0) requestAnimationFrame(() => focusSearchField(framesLeft - 1));
}

export function Shortcuts() {
  useEffect(() => {
    let lastGAt = 0;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
      const path = event.timeStamp - lastGAt < PREFIX_TIMEOUT_MS ? PATHS_AFTER_G[event.key] : undefined;
      lastGAt = 0;
      if (path !== undefined) navigate(path);
      else if (event.key === 'g') lastGAt = event.timeStamp;
      else if (event.key === '?') showShortcuts();
      else if (event.key === '/') {
        if (!document.querySelector('input[type=search]')) navigate('/invocations');
        focusSearchField(MAX_FRAMES);
      } else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);
  if (!isShown.value) return null;
  return (
    <Dialog title="Keyboard shortcuts" onClose={() => (isShown.value = false)}>
      <dl class="keys">
        {SHORTCUTS.map(([keys, description]) => (
          <div key={keys}>
            <dt>{keys.split(' ').map((key) => <kbd key={key}>{key}</kbd>)}</dt>
            <dd>{description}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog" class="actions"><button type="submit">Close</button></form>
    </Dialog>
  );
}
