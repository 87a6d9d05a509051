import { concat, decodeAll, u8 } from "../../../bytes/index.js"

/** "5" */
export const confirmationType = 0x35

export interface Confirmation {
  readonly session: Uint8Array
  /** 16 bytes: the tag over nothing. */
  readonly sealed: Uint8Array
}

/**
 * Message '5', spec/topic.md §9. Joiner → host: "my person says that they are the same".
 *
 *   0      1         17       33
 *   +------+---------+--------+
 *   | type | session | tag    |
 *   | "5"  | 16      | 16     |
 *   +------+---------+--------+
 */
export function encodeConfirmation({ sealed, session }: Confirmation): Uint8Array<ArrayBuffer> {
  return concat(u8(confirmationType), session, sealed)
}

/** The parts are views of `bytes`. @throws {PeerError} `malformed` */
export function decodeConfirmation(bytes: Uint8Array): Confirmation {
  return decodeAll(bytes, "pairing message 5", (r) => {
    r.expect(confirmationType, "type")
    return { session: r.take(16, "session"), sealed: r.take(16, "tag") }
  })
}
