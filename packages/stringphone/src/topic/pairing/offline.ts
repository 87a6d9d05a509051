import {
  base64url,
  concat,
  decodeAll,
  fromBase64url,
  PeerError,
  u8,
  UsageError,
} from "../../bytes/index.js"
import { labelled, verify } from "../../crypto/index.js"
import {
  encodeHostProfile,
  encodeJoinerProfile,
  type HostFields,
  type HostProfile,
  type JoinerFields,
  type JoinerProfile,
  openHostProfile,
  openJoinerProfile,
  type PeerProfile,
} from "./profile.js"
import type { CardSigner } from "./signer.js"

/** One of the two texts: how it starts, what it is signed for, what people call it. */
interface Kind {
  readonly prefix: string
  readonly purpose: string
  readonly name: string
}

const joinRequest: Kind = {
  prefix: "stringphone:join/",
  purpose: "topic join request",
  name: "join request",
}
const invitation: Kind = {
  prefix: "stringphone:topic/",
  purpose: "topic invitation",
  name: "invitation",
}

/**
 * A joiner's text for an admin, spec/topic.md §9.10. Nothing in it is secret; what matters is that the
 * admin knows for certain whose it is. At most 413 characters.
 *
 * @throws {UsageError} `bad-name`, `bad-key`
 */
export function makeJoinRequest(signer: CardSigner, fields: JoinerFields): string {
  return textOf(joinRequest, signer, encodeJoinerProfile(signer.card(), fields))
}

/**
 * Reads a join request and checks its signatures; white space around it is ignored.
 *
 * @throws {UsageError} `bad-join-request`: it is another text, or a part of one
 * @throws {PeerError} `malformed`, `bad-signature`
 */
export function openJoinRequest(text: string): JoinerProfile {
  return openText(joinRequest, "bad-join-request", text, openJoinerProfile)
}

/**
 * An admin's text for a joiner, spec/topic.md §9.10: which topic, and by whom. Nothing in it is secret.
 * At most 477 characters.
 *
 * @throws {UsageError} `bad-name`, `bad-topic-id`
 */
export function makeInvitation(signer: CardSigner, fields: HostFields): string {
  return textOf(invitation, signer, encodeHostProfile(signer.card(), fields))
}

/**
 * Reads an invitation and checks its signatures; white space around it is ignored.
 *
 * @throws {UsageError} `bad-invitation`: it is another text, or a part of one
 * @throws {PeerError} `malformed`, `bad-signature`
 */
export function openInvitation(text: string): HostProfile {
  return openText(invitation, "bad-invitation", text, openHostProfile)
}

/**
 *   0         1             n           n + 64
 *   +---------+-------------+-----------+
 *   | version | profile     | signature |
 *   | u8 = 1  | 151 to 279  | 64 bytes  |
 *   +---------+-------------+-----------+
 */
function textOf(kind: Kind, signer: CardSigner, profile: Uint8Array): string {
  const signature = signer.sign(kind.purpose, profile)
  return kind.prefix + base64url(concat(u8(1), profile, signature))
}

function openText<Profile extends PeerProfile>(
  kind: Kind,
  code: string,
  text: string,
  open: (profile: Uint8Array) => Profile,
): Profile {
  const { profile, signature } = decodeAll(bytesOf(kind, code, text), kind.name, (r) => {
    r.expect(1, "version")
    // Too short for a signature is too short for all: the reader says so in its own words.
    const profile = r.take(Math.max(0, r.remaining - 64), "profile")
    return { profile, signature: r.take(64, "signature") }
  })
  const opened = open(profile)
  if (!verify(signature, labelled(kind.purpose, profile), opened.publicKey)) {
    throw new PeerError("bad-signature", `The ${kind.name} was altered. Ask for it again.`)
  }
  return opened
}

function bytesOf({ name, prefix }: Kind, code: string, text: string): Uint8Array {
  const trimmed = text.trim()
  if (!trimmed.startsWith(prefix)) {
    throw new UsageError(code, `This is no ${name}. It starts with ${prefix}`)
  }
  try {
    return fromBase64url(trimmed.slice(prefix.length))
  } catch (cause) {
    const problem = `The ${name} is incomplete or damaged. Copy all of it.`
    throw new UsageError(code, problem, { cause })
  }
}
