import { UsageError } from "../bytes/index.js"
import type { Commit } from "./port.js"

/**
 * A copy of what the caller wants, taken before the first `await`: what the caller does to its
 * arrays afterwards does not reach the store.
 *
 * @throws {UsageError} `duplicate-key`, `not-bytes`
 */
export function ownCommit({ checks = [], writes }: Commit): Required<Commit> {
  const seen = new Set<string>()
  for (const { key, value } of writes) {
    if (seen.has(key)) {
      throw new UsageError("duplicate-key", `A commit may write a key only once: "${key}".`)
    }
    if (value !== null && !(value instanceof Uint8Array)) {
      throw new UsageError("not-bytes", `The value of "${key}" must be a Uint8Array, or null.`)
    }
    seen.add(key)
  }
  return {
    checks: checks.map(({ key, version }) => ({ key, version })),
    writes: writes.map(({ key, value }) => ({ key, value: value && new Uint8Array(value) })),
  }
}

export function storeClosed(): UsageError {
  return new UsageError("closed", "This store was closed; open it again.")
}
