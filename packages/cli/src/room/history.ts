/** What was sent before, and the draft that waits while somebody looks through it. */
export interface History {
  /** Oldest first. */
  readonly entries: readonly string[]
  /** Which entry is shown; `null`: the draft. */
  readonly at: number | null
  readonly draft: string
}

export const emptyHistory: History = { entries: [], at: null, draft: "" }

const maxEntries = 200

export function remembered({ entries }: History, text: string): History {
  const others = entries.at(-1) === text ? entries : [...entries, text]
  return { entries: others.slice(-maxEntries), at: null, draft: "" }
}

/** @returns the history and the text to show, or `null` when there is nothing further. */
export function older(
  history: History,
  shown: string,
): { readonly history: History; readonly text: string } | null {
  const at = (history.at ?? history.entries.length) - 1
  const text = history.entries[at]
  if (text === undefined) return null
  const draft = history.at === null ? shown : history.draft
  return { history: { ...history, at, draft }, text }
}

/** As {@link older}; behind the newest entry comes the draft. */
export function newer(
  history: History,
): { readonly history: History; readonly text: string } | null {
  if (history.at === null) return null
  const at = history.at + 1
  const text = history.entries[at]
  if (text !== undefined) return { history: { ...history, at }, text }
  return { history: { ...history, at: null, draft: "" }, text: history.draft }
}
