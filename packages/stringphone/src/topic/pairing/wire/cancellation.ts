import { concat, decodeAll, u8 } from "../../../bytes/index.js"

/** "6" */
export const cancellationType = 0x36

/** `different`: its person saw another comparison. `stopped`: anything else. */
export type CancelReason = "different" | "stopped"

export interface Cancellation {
  readonly session: Uint8Array
  /** 17 bytes: the reason, with its tag. */
  readonly sealed: Uint8Array
}

/**
 * Message '6', spec/topic.md §9. Either → the other.
 *
 *   0      1         17               34
 *   +------+---------+----------------+
 *   | type | session | sealed reason  |
 *   | "6"  | 16      | u8 ‖ tag 16    |
 *   +------+---------+----------------+
 */
export function encodeCancellation({ sealed, session }: Cancellation): Uint8Array<ArrayBuffer> {
  return concat(u8(cancellationType), session, sealed)
}

/** The parts are views of `bytes`. @throws {PeerError} `malformed` */
export function decodeCancellation(bytes: Uint8Array): Cancellation {
  return decodeAll(bytes, "pairing message 6", (r) => {
    r.expect(cancellationType, "type")
    return { session: r.take(16, "session"), sealed: r.take(17, "sealed reason") }
  })
}

export function encodeReason(reason: CancelReason): Uint8Array<ArrayBuffer> {
  return u8(reason === "different" ? 1 : 2)
}

/** A reason that we do not know yet is no warning. */
export function decodeReason(content: Uint8Array): CancelReason {
  return content[0] === 1 ? "different" : "stopped"
}
