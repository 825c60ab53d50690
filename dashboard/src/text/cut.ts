// Cuts long texts where no character is cut in two.

/** Characters of a text that are shown at first, and with each request for more. */
export const FIRST = 4_000;
export const MORE = 50_000;

/** The first characters, at most so many. */
export function head(text: string, most: number): string {
  if (text.length <= most) return text;
  const last = text.charCodeAt(most - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? most - 1 : most);
}
