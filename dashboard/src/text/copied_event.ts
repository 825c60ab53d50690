// The event to put into a copied command: the full event, or the part that the page shows, with a note of what is missing.

/** Replaces values that the setting `redact` hides. */
const REDACTED = '«redacted»';

export interface EventToCopy {
  text: string;
  /** Whether the end of the event is missing. */
  isTruncated: boolean;
}

export function hasRedactedFields(text: string): boolean {
  return text.includes(REDACTED);
}

/** Returns the event for a command: the shown one unless it is truncated. `fetchFull` returns `undefined` if the full event has been evicted. */
export async function eventToCopy(shown: EventToCopy, fetchFull: () => Promise<string | undefined>): Promise<EventToCopy> {
  if (!shown.isTruncated) return shown;
  const text = await fetchFull();
  return text === undefined ? shown : { text, isTruncated: false };
}

/** Returns a note for the user if something is missing from the event. */
export function missingNote({ text, isTruncated }: EventToCopy): string | undefined {
  const notes = [
    isTruncated ? 'the full event is no longer stored: only its beginning is copied' : undefined,
    hasRedactedFields(text) ? 'fields hidden by the setting `redact` are copied as «redacted»: fill in what the worker needs' : undefined,
  ].filter((note) => note !== undefined);
  const sentence = notes.join('; ');
  return sentence === '' ? undefined : `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}
