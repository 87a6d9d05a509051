/** `null` when there is none. */
export function findChromium(): string | null
export const chromiumFlags: string[]
