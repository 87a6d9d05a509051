import { PeerError } from "../../bytes/index.js"
import { open, seal } from "../../crypto/index.js"
import { zeroNonce } from "../slot.js"
import {
  type CancelReason,
  decodeReason,
  encodeCancellation,
  encodeReason,
} from "./wire/cancellation.js"

const nothing = new Uint8Array(0)

/** With a key that seals this one message. [TOPIC-9-4] */
export function sealOnce(content: Uint8Array, key: Uint8Array): Uint8Array {
  return seal(content, zeroNonce, key, nothing)
}

/** @throws {PeerError} `not-authentic` */
export function openOnce(sealed: Uint8Array, key: Uint8Array): Uint8Array {
  const content = open(sealed, zeroNonce, key, nothing)
  if (content) return content
  throw new PeerError(
    "not-authentic",
    "A pairing message was changed, or is not by the device that the pairing began with.",
  )
}

/** The '5': nothing, sealed. */
export function sealNothing(key: Uint8Array): Uint8Array {
  return sealOnce(nothing, key)
}

/** A whole '6'. */
export function makeCancellation(
  session: Uint8Array,
  reason: CancelReason,
  key: Uint8Array,
): Uint8Array {
  return encodeCancellation({ session, sealed: sealOnce(encodeReason(reason), key) })
}

/** @throws {PeerError} `not-authentic` */
export function openReason(sealed: Uint8Array, key: Uint8Array): CancelReason {
  return decodeReason(openOnce(sealed, key))
}
