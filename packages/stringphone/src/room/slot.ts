import { concat, PeerError, sameBytes } from "../bytes/index.js"
import { derive, hash, labelled, open, seal } from "../crypto/index.js"
import { encodeEntry, encodeEntryHeader } from "./wire/entry.js"
import {
  decodeOrderFields,
  encodeOrder,
  encodeOrderFields,
  encodeOrderHeader,
  type OrderFields,
} from "./wire/order.js"
import type { SlotBox, SlotHeader } from "./wire/slot-box.js"

/** Label of the MLS exporter that slot keys are made of; its context is empty. [ROOM-3-6] */
export const slotExporterLabel = "stringphone room slot"

/**
 * 32 bytes: all members of the epoch know it, and the newcomer. [ROOM-3-6]
 *
 * @param exported MLS-Exporter(`slotExporterLabel`, "", 32)
 */
export function deriveSlotKey(exported: Uint8Array, grantId: Uint8Array): Uint8Array {
  return derive(exported, grantId, labelled("room slot"), 32)
}

/** What an order says of an entry: 32 bytes. [ROOM-3-8] */
export function entryHash(publicMessage: Uint8Array): Uint8Array {
  return hash(publicMessage)
}

/** @returns an entry, to send */
export function sealEntry(
  slotKey: Uint8Array,
  header: SlotHeader,
  publicMessage: Uint8Array,
  nonce: Uint8Array,
): Uint8Array {
  const sealed = seal(publicMessage, nonce, slotKey, encodeEntryHeader(header))
  return encodeEntry(header, concat(nonce, sealed))
}

/** The MLS PublicMessage. @throws {PeerError} `not-authentic` */
export function openEntry(slotKey: Uint8Array, entry: SlotBox): Uint8Array {
  return openSlotBox(slotKey, entry)
}

/** @returns an order, to send */
export function sealOrder(
  slotKey: Uint8Array,
  header: SlotHeader,
  fields: OrderFields,
  nonce: Uint8Array,
): Uint8Array {
  const sealed = seal(encodeOrderFields(fields), nonce, slotKey, encodeOrderHeader(header))
  return encodeOrder(header, concat(nonce, sealed))
}

/** Its signature is not checked. @throws {PeerError} `not-authentic`, `malformed` */
export function openOrder(slotKey: Uint8Array, order: SlotBox): OrderFields {
  return decodeOrderFields(openSlotBox(slotKey, order))
}

/**
 * An entry and the order that it counts.
 *
 * @throws {PeerError} `not-authentic`, `malformed`, `other-entry`: the order names another one
 */
export function openOrderBox(
  slotKey: Uint8Array,
  entry: SlotBox,
  order: SlotBox,
): { readonly message: Uint8Array; readonly order: OrderFields } {
  const message = openEntry(slotKey, entry)
  const fields = openOrder(slotKey, order)
  if (sameBytes(fields.commitHash, entryHash(message))) return { message, order: fields }
  throw new PeerError(
    "other-entry",
    "The captain let another entry count than this one. It was dropped.",
  ) // [ROOM-3-8]
}

function openSlotBox(slotKey: Uint8Array, { box, header }: SlotBox): Uint8Array {
  const content = open(box.subarray(24), box.subarray(0, 24), slotKey, header)
  if (content) return content
  throw new PeerError(
    "not-authentic",
    "An entry into the room, or its order, was changed on the way or is of no open slot. It was dropped.",
  )
}
