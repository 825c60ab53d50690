// The editor of an event: shows the line and column of a JSON syntax error. Tab moves the focus, as in every other field.

import { bytes } from '../text/format';
import type { JsonSyntaxError } from '../text/json_syntax';

interface Props {
  text: string;
  error: JsonSyntaxError | undefined;
  onText: (text: string) => void;
  onRun: () => void;
}

export function EventEditor({ text, error, onText, onRun }: Props) {
  const onKeyDown = (event: KeyboardEvent): void => {
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
        aria-invalid={error !== undefined}
        aria-describedby="event-status"
        onInput={(event) => onText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <p id="event-status" class={error ? 'editor-status' : 'editor-status is-valid'} role="status">
        {error ? `line ${error.line}, column ${error.column}: ${error.message}` : text.trim() === '' ? 'empty, which is sent as {}' : 'valid JSON'}
      </p>
    </div>
  );
}
