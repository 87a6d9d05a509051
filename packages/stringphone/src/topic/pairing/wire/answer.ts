import { concat, decodeAll, u8 } from "../../../bytes/index.js"

/** "2" */
export const answerType = 0x32

/** The host's part that is fixed before the joiner shows its own. */
export interface Answer {
  readonly session: Uint8Array
  /** X25519, 32 bytes. */
  readonly ephemeralKey: Uint8Array
  /** 32 bytes: fixes the host's ephemeral key, salt and profile. */
  readonly commitment: Uint8Array
}

/**
 * Message '2', spec/topic.md §9. Host → joiner.
 *
 *   0      1         17                49             81
 *   +------+---------+-----------------+--------------+
 *   | type | session | ephemeral key H | commitment H |
 *   | "2"  | 16      | 32 bytes        | 32 bytes     |
 *   +------+---------+-----------------+--------------+
 */
export function encodeAnswer(answer: Answer): Uint8Array<ArrayBuffer> {
  const { commitment, ephemeralKey, session } = answer
  return concat(u8(answerType), session, ephemeralKey, commitment)
}

/** The parts are views of `bytes`. @throws {PeerError} `malformed` */
export function decodeAnswer(bytes: Uint8Array): Answer {
  return decodeAll(bytes, "pairing message 2", (r) => {
    r.expect(answerType, "type")
    return {
      session: r.take(16, "session"),
      ephemeralKey: r.take(32, "ephemeral key"),
      commitment: r.take(32, "commitment"),
    }
  })
}
