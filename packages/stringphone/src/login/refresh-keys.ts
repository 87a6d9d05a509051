import { concat, u8 } from "../bytes/index.js"
import { derive, exchange, hash, labelled } from "../crypto/index.js"
import { refreshedType } from "./wire/refreshed.js"

/** What both sides compute from one refresh. Secret. */
export interface RefreshKeys {
  /** 32 bytes: of the next generation. */
  readonly nextRoot: Uint8Array
  /** 32 bytes, for the answer's box. */
  readonly answerKey: Uint8Array
  /** What the box is bound to, 32 bytes. */
  readonly transcript: Uint8Array
}

/** One side's secret key, the other's public one, and the public one of the server. */
export interface Ephemerals {
  readonly ownSecret: Uint8Array
  readonly otherKey: Uint8Array
  readonly serverKey: Uint8Array
}

/** `null`: the other's key is of low order. [LOGIN-6-1] */
export function refreshKeys(
  root: Uint8Array,
  request: Uint8Array,
  { otherKey, ownSecret, serverKey }: Ephemerals,
): RefreshKeys | null {
  const shared = exchange(ownSecret, otherKey)
  if (!shared) return null
  const secret = concat(shared, root)
  const transcript = hash(labelled("login refresh answer", request, u8(refreshedType), serverKey))
  const keyOf = (label: string): Uint8Array => derive(secret, transcript, labelled(label), 32)
  return {
    nextRoot: keyOf("login next root"),
    answerKey: keyOf("login refreshed key"),
    transcript,
  }
}
