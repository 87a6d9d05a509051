import { concat, PeerError, sameBytes } from "../bytes/index.js"
import { authenticate, equal, hash, labelled, verify } from "../crypto/index.js"
import type { Identity } from "../identity/index.js"
import type { Authorship, Content, ReadContent } from "./wire/content.js"
import { encodeContent } from "./wire/content.js"

const purpose = "mailbox mail"

/** The content with its proofs, ready to be sealed. `authorshipKeys` in the order of the receivers. [MAILBOX-4-1] */
export function proveContent(
  content: Content,
  identity: Identity,
  authorshipKeys: readonly Uint8Array[],
): Uint8Array {
  const encoded = encodeContent(content)
  const digest = hash(encoded)
  if (content.authorship === "anonymous") return encoded
  if (content.authorship === "signed") return concat(encoded, identity.sign(purpose, digest))
  return concat(encoded, ...authorshipKeys.map((key) => deniableProof(digest, key)))
}

/**
 * Whether the proof for us holds.
 * @param authorshipKey of the pair with the sender
 * @throws {PeerError} `not-addressed-to-us`, `wrong-proof`
 */
export function checkProof(
  content: ReadContent,
  ownKey: Uint8Array,
  authorshipKey: Uint8Array | null,
): Authorship {
  const place = content.receiverKeys.findIndex((key) => sameBytes(key, ownKey))
  if (place < 0) {
    throw new PeerError(
      "not-addressed-to-us",
      "A letter to somebody else was passed on as if it were to us.",
    ) // [MAILBOX-4-2]
  }
  const { authorship, digest, proofs, senderKey } = content
  if (authorship === "anonymous" || !senderKey) return "anonymous"
  const proof = proofs[authorship === "signed" ? 0 : place] ?? new Uint8Array(0)
  const holds =
    authorship === "signed"
      ? verify(proof, labelled(purpose, digest), senderKey)
      : authorshipKey !== null && equal(proof, deniableProof(digest, authorshipKey))
  if (holds) return authorship
  throw new PeerError("wrong-proof", "A letter is not by whom it says, and was not opened.")
}

function deniableProof(digest: Uint8Array, key: Uint8Array): Uint8Array {
  return authenticate(labelled(purpose, digest), key).slice(0, 16)
}
