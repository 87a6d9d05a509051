/** An ID as a short string, for maps: one character for each byte. */
export function keyOfId(id: Uint8Array): string {
  return String.fromCharCode(...id)
}

export function idOfKey(key: string): Uint8Array {
  return Uint8Array.from(key, (character) => character.charCodeAt(0))
}
