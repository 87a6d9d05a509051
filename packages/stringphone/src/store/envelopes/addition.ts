import type { Changes, Restamp } from "./disk.js"
import { keyOf } from "./envelope-key.js"
import type { EnvelopeIndex } from "./envelope-index.js"
import type { NewEnvelope, StoredEnvelope } from "./port.js"

/** What several callers want to add, to be written at once. */
export interface Addition<Place> extends Changes<Place> {
  /** For each caller, for each of its envelopes: is it new? */
  readonly isNew: readonly (readonly boolean[])[]
}

export function planAddition<Place>(
  index: EnvelopeIndex<Place>,
  batches: readonly (readonly NewEnvelope[])[],
): Addition<Place> {
  const added = new Map<string, StoredEnvelope>()
  const stamped = new Map<string, Restamp<Place>>()
  let lastNumber = index.lastNumber

  const plan = (envelope: NewEnvelope): boolean => {
    const { stamp, stampBits } = envelope
    const key = keyOf(envelope.id)
    const row = index.find(envelope.id)
    if (row !== null) {
      const best = stamped.get(key) ?? row
      if (stampBits > best.stampBits) stamped.set(key, { row, stamp, stampBits })
      return false
    }
    const earlier = added.get(key)
    if (earlier === undefined) {
      added.set(key, { ...envelope, number: ++lastNumber })
      return true
    }
    if (stampBits > earlier.stampBits) added.set(key, { ...earlier, stamp, stampBits })
    return false
  }

  const isNew = batches.map((batch) => batch.map(plan))
  return { added: [...added.values()], stamped: [...stamped.values()], isNew }
}
