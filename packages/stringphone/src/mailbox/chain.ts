import { u32 } from "../bytes/index.js"
import { authenticate, derive, labelled } from "../crypto/index.js"
import type { SlotKey } from "./envelope.js"

const noSalt = new Uint8Array(32)

/** The first key of one direction. [MAILBOX-3-3] */
export function firstChain(
  root: Uint8Array,
  senderKey: Uint8Array,
  receiverKey: Uint8Array,
): Uint8Array {
  return derive(root, noSalt, labelled("mailbox chain", senderKey, receiverKey), 32)
}

/** Of the next period; the one before can not be computed from it. */
export function nextChain(chain: Uint8Array): Uint8Array {
  return derive(chain, noSalt, labelled("mailbox next period"), 32)
}

/** `steps` periods later. */
export function chainAfter(chain: Uint8Array, steps: number): Uint8Array {
  let later = chain
  for (let i = 0; i < steps; i++) later = nextChain(later)
  return later
}

/** What all tags of a period are made of, 32 bytes. */
export function tagsOf(chain: Uint8Array): Uint8Array {
  return derive(chain, noSalt, labelled("mailbox tags"), 32)
}

/** Tag number `i` of a period or an invitation, 16 bytes. */
export function tagAt(tags: Uint8Array, i: number): Uint8Array {
  return authenticate(numbered(0, i), tags).slice(0, 16)
}

/** What the key of slot number `i` is made of, 32 bytes: says nothing of the tag, nor the tag of it. */
export function slotSecretAt(tags: Uint8Array, i: number): Uint8Array {
  return authenticate(numbered(1, i), tags)
}

/** Slot number `i` in an envelope: its key is of this envelope alone, should a number be used twice. */
export function pairSlot(tags: Uint8Array, i: number, ephemeralKey: Uint8Array): SlotKey {
  const info = labelled("mailbox slot", ephemeralKey)
  return { tag: tagAt(tags, i), key: derive(slotSecretAt(tags, i), noSalt, info, 32) }
}

function numbered(purpose: number, i: number): Uint8Array {
  const out = new Uint8Array(5)
  out[0] = purpose
  out.set(u32(i), 1)
  return out
}
