// What of an event can be taken along: all of it, or what is shown of it, and then what is missing from that.

/** In place of a value that the setting `redact` hides. */
const HIDDEN = '«redacted»';

export interface Copied {
  text: string;
  /** Whether its end is missing. */
  isCut: boolean;
}

export function hides(text: string): boolean {
  return text.includes(HIDDEN);
}

/** The event for a command. What is shown of it is enough unless that is cut; `whole` gives nothing if it is not kept any more. */
export async function copied(shown: Copied, whole: () => Promise<string | undefined>): Promise<Copied> {
  if (!shown.isCut) return shown;
  const text = await whole();
  return text === undefined ? shown : { text, isCut: false };
}

/** What whoever copies it must know, if anything. */
export function lacks({ text, isCut }: Copied): string | undefined {
  const said = [
    isCut ? 'the event is not kept any more, so that only its beginning is copied' : undefined,
    hides(text) ? 'fields that are not shown, by the setting `redact`, are copied as «redacted»: put in what the worker needs' : undefined,
  ].filter((one) => one !== undefined);
  const all = said.join('; ');
  return all === '' ? undefined : `${all.charAt(0).toUpperCase()}${all.slice(1)}.`;
}
