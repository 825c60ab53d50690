// Truncates long texts without splitting a character.

/** Characters of a text that are shown initially. */
export const INITIAL_CHARS = 4_000;
/** Characters that each click on "show more" adds. */
export const MORE_CHARS = 50_000;

/** Returns the first `maxChars` characters, or one fewer if the last would be half of a surrogate pair. */
export function truncate(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const last = text.charCodeAt(maxChars - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? maxChars - 1 : maxChars);
}
