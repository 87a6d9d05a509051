/** What a server says, for a sentence of ours: one line, no control characters, not long. */
export function cleanText(text: string): string {
  // eslint-disable-next-line no-control-regex -- they are what is taken out
  return text.replace(/[\x00-\x1f\x7f]/g, "").slice(0, 200)
}
