import { concat, sameBytes } from "../bytes/index.js"
import { derive, exchange, open, seal } from "../crypto/index.js"

/** Of a key that is used once. */
export const zeroNonce: Uint8Array = new Uint8Array(24)
const nothing = new Uint8Array(0)

/** Something sealed to one rekey key; the hint tells its owner, and nobody else, that it is theirs. */
export interface SealedSlot {
  /** 8 bytes. */
  readonly hint: Uint8Array
  readonly sealed: Uint8Array
}

/** A rekey key of our own. */
export interface RekeyKeyPair {
  readonly serial: number
  /** X25519, 32 bytes. */
  readonly secretKey: Uint8Array
  /** X25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** When an epoch secret was first opened by it, milliseconds since 1970; `null`: not yet. */
  readonly usedMs: number | null
}

/** @returns `null` when the rekey key is of low order: its owner gets nothing. */
export function sealSlot(
  plaintext: Uint8Array,
  ephemeral: { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array },
  rekeyKey: Uint8Array,
  info: Uint8Array,
): SealedSlot | null {
  const shared = exchange(ephemeral.secretKey, rekeyKey)
  if (!shared) return null
  const { hint, key } = slotKeys(shared, ephemeral.publicKey, rekeyKey, info)
  return { hint, sealed: seal(plaintext, zeroNonce, key, nothing) }
}

/** Looks for a slot that one of our rekey keys opens. */
export function openSlot(
  slots: readonly SealedSlot[],
  ephemeralKey: Uint8Array,
  ours: readonly RekeyKeyPair[],
  info: Uint8Array,
): { readonly plaintext: Uint8Array; readonly by: RekeyKeyPair } | null {
  for (const by of ours) {
    const shared = exchange(by.secretKey, ephemeralKey)
    if (!shared) return null
    const { hint, key } = slotKeys(shared, ephemeralKey, by.publicKey, info)
    for (const slot of slots) {
      const plaintext = sameBytes(slot.hint, hint)
        ? open(slot.sealed, zeroNonce, key, nothing)
        : null
      if (plaintext) return { plaintext, by }
    }
  }
  return null
}

function slotKeys(
  shared: Uint8Array,
  ephemeralKey: Uint8Array,
  rekeyKey: Uint8Array,
  info: Uint8Array,
): { readonly hint: Uint8Array; readonly key: Uint8Array } {
  const derived = derive(shared, concat(ephemeralKey, rekeyKey), info, 40)
  return { hint: derived.subarray(0, 8), key: derived.subarray(8) }
}
