import { concat, decodeAll, u8 } from "../../../bytes/index.js"
import { joinerProfileBytes } from "../profile.js"

/** "3" */
export const joinerRevealType = 0x33

export interface JoinerReveal {
  readonly session: Uint8Array
  /** X25519, 32 bytes. */
  readonly ephemeralKey: Uint8Array
  /** The sealed content, with its tag. */
  readonly sealed: Uint8Array
}

/** Over the profile: signature 64, tag 16. */
const overhead = 80

/**
 * Message '3', spec/topic.md §9. Joiner → host.
 *
 *   0      1         17                49
 *   +------+---------+-----------------+--------------------------------------------+
 *   | type | session | ephemeral key J | sealed profile J ‖ signature J 64 ‖ tag 16 |
 *   | "3"  | 16      | 32 bytes        | 248 to 312 bytes                           |
 *   +------+---------+-----------------+--------------------------------------------+
 */
export function encodeJoinerReveal(reveal: JoinerReveal): Uint8Array<ArrayBuffer> {
  return concat(u8(joinerRevealType), reveal.session, reveal.ephemeralKey, reveal.sealed)
}

/** The parts are views of `bytes`. @throws {PeerError} `malformed` */
export function decodeJoinerReveal(bytes: Uint8Array): JoinerReveal {
  return decodeAll(bytes, "pairing message 3", (r) => {
    r.expect(joinerRevealType, "type")
    const session = r.take(16, "session")
    const ephemeralKey = r.take(32, "ephemeral key")
    const sealed = r.rest("sealed profile", joinerProfileBytes.min + overhead)
    // What can not be a profile is not worth a key exchange.
    if (sealed.length > joinerProfileBytes.max + overhead) throw r.fail("it is too long")
    return { session, ephemeralKey, sealed }
  })
}

/** What is sealed in a '3'. */
export interface JoinerContent {
  readonly profile: Uint8Array
  /** Ed25519, 64 bytes. */
  readonly signature: Uint8Array
}

export function encodeJoinerContent(content: JoinerContent): Uint8Array<ArrayBuffer> {
  return concat(content.profile, content.signature)
}

/** The parts are views of `bytes`, which the length of a '3' keeps long enough. */
export function decodeJoinerContent(bytes: Uint8Array): JoinerContent {
  return decodeAll(bytes, "content of pairing message 3", (r) => ({
    profile: r.take(r.remaining - 64, "profile"),
    signature: r.take(64, "signature"),
  }))
}
