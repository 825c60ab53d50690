// Keys of the whole page, and the dialog that lists them. Views have further ones of their own.

import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { go } from '../route/router';
import { Dialog } from './dialog';

const isShown = signal(false);

const KEYS: [string, string][] = [
  ['?', 'these keys'],
  ['g o', 'overview'],
  ['g g', 'call graph'],
  ['g i', 'invocations'],
  ['g w', 'workers'],
  ['g q', 'queue'],
  ['g b', 'builds'],
  ['/', 'the filter of invocations'],
  ['j k ↓ ↑', 'the next and the previous row'],
  ['Enter', 'open it'],
  ['PageDown PageUp', 'fifteen rows on and back'],
  ['Home End', 'the first and the last row'],
  ['← →', 'close and open a span; in the graph, the next function'],
  ['[ ]', 'in the waterfall: earlier, later'],
  ['r', 'in the graph: run the function'],
  ['+ − 0', 'in the graph and the waterfall: nearer, farther, all of it'],
  ['Ctrl Enter', 'run the worker with the event'],
  ['Esc', 'close a dialog; leave the filter'],
];

const PLACES: Record<string, string> = { o: '/', g: '/graph', i: '/invocations', q: '/queue', b: '/builds', w: '/workers' };

/** Whether a key is typed into something. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function showShortcuts(): void {
  isShown.value = true;
}

/** Frames that the list is given to be there. */
const FRAMES = 60;

function focusFilter(frames: number): void {
  const field = document.querySelector<HTMLInputElement>('input[type=search]');
  if (field) field.focus();
  else if (frames > 0) requestAnimationFrame(() => focusFilter(frames - 1));
}

export function Shortcuts() {
  useEffect(() => {
    let wasG = 0;
    const pressed = (event: KeyboardEvent): void => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
      const to = event.timeStamp - wasG < 1_000 ? PLACES[event.key] : undefined;
      wasG = 0;
      if (to !== undefined) go(to);
      else if (event.key === 'g') wasG = event.timeStamp;
      else if (event.key === '?') showShortcuts();
      else if (event.key === '/') {
        if (!document.querySelector('input[type=search]')) go('/invocations');
        focusFilter(FRAMES);
      } else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, []);
  if (!isShown.value) return null;
  return (
    <Dialog title="Keys" onClose={() => (isShown.value = false)}>
      <dl class="keys">
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>{keys.split(' ').map((key) => <kbd key={key}>{key}</kbd>)}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog" class="actions"><button type="submit">Close</button></form>
    </Dialog>
  );
}
