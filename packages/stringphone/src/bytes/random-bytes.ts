/** As many cryptographically random bytes as are asked for. */
export type RandomBytes = (length: number) => Uint8Array
