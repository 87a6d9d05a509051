import { concat, decodeAll, u8 } from "../../../bytes/index.js"
import { hostProfileBytes } from "../profile.js"

/** "4" */
export const hostRevealType = 0x34

export interface HostReveal {
  readonly session: Uint8Array
  /** The sealed content, with its tag. */
  readonly sealed: Uint8Array
}

/** Over the profile: salt 16, signature 64, tag 16. */
const overhead = 96

/**
 * Message '4', spec/topic.md §9. Host → joiner.
 *
 *   0      1         17
 *   +------+---------+----------------------------------------------------------+
 *   | type | session | sealed salt 16 ‖ profile H ‖ signature H 64 ‖ tag 16      |
 *   | "4"  | 16      | 247 to 375 bytes                                         |
 *   +------+---------+----------------------------------------------------------+
 */
export function encodeHostReveal({ sealed, session }: HostReveal): Uint8Array<ArrayBuffer> {
  return concat(u8(hostRevealType), session, sealed)
}

/** The parts are views of `bytes`. @throws {PeerError} `malformed` */
export function decodeHostReveal(bytes: Uint8Array): HostReveal {
  return decodeAll(bytes, "pairing message 4", (r) => {
    r.expect(hostRevealType, "type")
    const session = r.take(16, "session")
    const sealed = r.rest("sealed profile", hostProfileBytes.min + overhead)
    if (sealed.length > hostProfileBytes.max + overhead) throw r.fail("it is too long")
    return { session, sealed }
  })
}

/** What is sealed in a '4'. */
export interface HostContent {
  /** 16 random bytes. */
  readonly salt: Uint8Array
  readonly profile: Uint8Array
  /** Ed25519, 64 bytes. */
  readonly signature: Uint8Array
}

export function encodeHostContent(content: HostContent): Uint8Array<ArrayBuffer> {
  return concat(content.salt, content.profile, content.signature)
}

/** The parts are views of `bytes`, which the length of a '4' keeps long enough. */
export function decodeHostContent(bytes: Uint8Array): HostContent {
  return decodeAll(bytes, "content of pairing message 4", (r) => ({
    salt: r.take(16, "salt"),
    profile: r.take(r.remaining - 64, "profile"),
    signature: r.take(64, "signature"),
  }))
}
