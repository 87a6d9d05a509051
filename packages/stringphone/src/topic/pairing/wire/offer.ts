import { concat, decodeAll, u8 } from "../../../bytes/index.js"

/** "1" */
export const offerType = 0x31

/** "I want in, and this is what I shall say": a joiner's first message. */
export interface Offer {
  /** 16 random bytes. */
  readonly session: Uint8Array
  /** 8 bytes, zeros without a code. */
  readonly secretId: Uint8Array
  /** 32 bytes: fixes the joiner's ephemeral key and profile. */
  readonly commitment: Uint8Array
}

/**
 * Message '1', spec/topic.md §9. Joiner → host.
 *
 *   0      1         17          25              57
 *   +------+---------+-----------+--------------+
 *   | type | session | secret ID | commitment J |
 *   | "1"  | 16      | 8         | 32 bytes     |
 *   +------+---------+-----------+--------------+
 */
export function encodeOffer({ commitment, secretId, session }: Offer): Uint8Array<ArrayBuffer> {
  return concat(u8(offerType), session, secretId, commitment)
}

/** The parts are views of `bytes`. @throws {PeerError} `malformed` */
export function decodeOffer(bytes: Uint8Array): Offer {
  return decodeAll(bytes, "pairing message 1", (r) => {
    r.expect(offerType, "type")
    return {
      session: r.take(16, "session"),
      secretId: r.take(8, "secret ID"),
      commitment: r.take(32, "commitment"),
    }
  })
}
