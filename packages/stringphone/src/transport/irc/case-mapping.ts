/** How a server compares names, from `CASEMAPPING` in its 005. */
export type CaseMapping = "ascii" | "rfc1459" | "rfc1459-strict"

const pairs: Readonly<Record<string, string>> = { "[": "{", "]": "}", "\\": "|", "^": "~" }

/** @returns the one spelling that all spellings of a name have in common */
export function foldName(name: string, mapping: CaseMapping): string {
  const lower = name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  if (mapping === "ascii") return lower
  const upper = mapping === "rfc1459" ? /[[\]\\^]/g : /[[\]\\]/g
  return lower.replace(upper, (letter) => pairs[letter] ?? letter)
}

export function toCaseMapping(text: string): CaseMapping {
  const mapping = text.toLowerCase()
  if (mapping === "ascii" || mapping === "rfc1459-strict") return mapping
  if (mapping === "strict-rfc1459") return "rfc1459-strict"
  return "rfc1459"
}
