import { maxDaysAhead } from "../day.js"

/** What a hub can see of an envelope. */
export interface EnvelopeFacts {
  /** 32 bytes. */
  readonly id: Uint8Array
  /** Expires at the end of this day. */
  readonly day: number
  /** Of all of it, in bytes. */
  readonly size: number
}

/** @returns `null`: this is no envelope. */
export type EnvelopeCheck = (bytes: Uint8Array) => EnvelopeFacts | null

export interface AdmissionLimits {
  /** Larger envelopes are refused. */
  readonly maxEnvelopeBytes: number
  /** Envelopes with a stamp worth less are refused. */
  readonly minStampBits: number
}

/** Why an envelope is not taken, whatever else there is. */
export type Unfit = "expired" | "too-far" | "too-large" | "stamp"

/** @returns `null`: it is fit to be kept. */
export function unfitness(
  { day, size }: { readonly day: number; readonly size: number },
  stampBits: number,
  today: number,
  limits: AdmissionLimits,
): Unfit | null {
  if (day < today) return "expired" // [HUB-1-2]
  if (day > today + maxDaysAhead) return "too-far" // [HUB-1-2]
  if (size > limits.maxEnvelopeBytes) return "too-large" // [HUB-1-3]
  if (stampBits < limits.minStampBits) return "stamp" // [HUB-1-4]
  return null
}
