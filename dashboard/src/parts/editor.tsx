// Where an event is written: says in which line it is no JSON, and lets Tab be Tab only where that does no harm.

import { bytes } from '../text/format';
import type { Fault } from '../text/check';

interface Props {
  text: string;
  fault: Fault | undefined;
  onText: (text: string) => void;
  onRun: () => void;
}

export function EventEditor({ text, fault, onText, onRun }: Props) {
  const pressed = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    onRun();
  };
  const lines = Math.min(24, Math.max(8, text.split('\n', 25).length + 1));
  return (
    <div class="editor">
      <label for="event">Event <span class="faint">JSON, {bytes(text.length < 100_000 ? new Blob([text]).size : text.length)}</span></label>
      <textarea
        id="event"
        class="mono"
        rows={lines}
        spellcheck={false}
        autocomplete="off"
        value={text}
        aria-invalid={fault !== undefined}
        aria-describedby="event-fault"
        onInput={(event) => onText(event.currentTarget.value)}
        onKeyDown={pressed}
      />
      <p id="event-fault" class={fault ? 'fault' : 'fault is-fine'} role="status">
        {fault ? `line ${fault.line}, column ${fault.column}: ${fault.message}` : text.trim() === '' ? 'nothing, which is sent as {}' : 'JSON'}
      </p>
    </div>
  );
}
