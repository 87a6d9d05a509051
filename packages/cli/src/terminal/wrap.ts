/**
 * Breaks a text into rows that surely fit, so that the terminal never breaks it itself: what others
 * wrote can then not look like the start of a line of ours.
 *
 * @param first columns that are taken already on the first row
 */
export function wrap(text: string, columns: number, first: number, indent: string): string {
  let rows = ""
  let left = columns - first
  for (const character of text) {
    const width = /[\x20-\x7e]/.test(character) ? 1 : 2
    if (left < width) {
      rows += `\n${indent}`
      left = Math.max(2, columns - indent.length)
    }
    rows += character
    left -= width
  }
  return rows
}
