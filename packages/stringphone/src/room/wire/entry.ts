import { concat } from "../../bytes/index.js"
import { decodeSlotBox, encodeSlotHeader, type SlotBox, type SlotHeader } from "./slot-box.js"

export const entryType = 0x65 // e

/** What is before the nonce of an entry, spec/room.md §3. Newcomer → all. */
export function encodeEntryHeader(header: SlotHeader): Uint8Array<ArrayBuffer> {
  return encodeSlotHeader(entryType, header)
}

/** @param box nonce 24 ‖ sealed MLS PublicMessage */
export function encodeEntry(header: SlotHeader, box: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat(encodeEntryHeader(header), box)
}

/** The box is a view. @throws {PeerError} `malformed` */
export function decodeEntry(bytes: Uint8Array): SlotBox {
  return decodeSlotBox(bytes, entryType, "entry")
}
