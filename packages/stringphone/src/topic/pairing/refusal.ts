import type { Comparison } from "./comparison.js"
import type { EndReason } from "./joiner-state.js"
import type { CancelReason } from "./wire/cancellation.js"

/**
 * What a person's "no" says. A difference only where something was compared: whom a code proved, the
 * person does not want, and that is no warning.
 *
 * @param comparison `null`: a code proved it, and nobody compared
 */
export function refusalOf(comparison: Comparison | null): {
  readonly why: EndReason
  readonly tell: CancelReason
} {
  return comparison
    ? { why: { because: "different" }, tell: "different" }
    : { why: { because: "closed" }, tell: "stopped" }
}
