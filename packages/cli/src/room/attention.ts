/** Whether the person looks: from the keys that they press, and from terminals that tell of focus. */
export interface Attention {
  readonly lastSeenMs: number
  readonly isFocused: boolean
  /** The line before what is new was printed already. */
  readonly isMarked: boolean
}

/** Who pressed no key for so long may have gone. */
const awayMs = 60_000

export function attentive(nowMs: number): Attention {
  return { lastSeenMs: nowMs, isFocused: true, isMarked: false }
}

export function unfocused(attention: Attention): Attention {
  return { ...attention, isFocused: false }
}

/** Something arrived. @returns whether a mark has to be printed before it */
export function arrived(
  attention: Attention,
  nowMs: number,
): { readonly attention: Attention; readonly needsMark: boolean } {
  const isAway = !attention.isFocused || nowMs - attention.lastSeenMs > awayMs
  const needsMark = isAway && !attention.isMarked
  return { attention: needsMark ? { ...attention, isMarked: true } : attention, needsMark }
}
