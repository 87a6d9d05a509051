/** Lines of encrypted rooms: of ours, and of classic ones. Nobody wants to read them. */
export function isRoomLine(text: string): boolean {
  return /^\?(SP2,|VLA,)/.test(text)
}

/** Of `/me waves`, which is said by a request to the other program. */
export const actionStart = "\x01ACTION "

/** A request to the other program, which a person never types: `VERSION`, `DCC` … */
export function isProgramRequest(text: string): boolean {
  return text.startsWith("\x01") && !text.startsWith(actionStart)
}

export function isDirectConnection(text: string): boolean {
  return text.startsWith("\x01") && /^X?DCC\b/i.test(text.slice(1))
}
