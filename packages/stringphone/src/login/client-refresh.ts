import { PeerError } from "../bytes/index.js"
import { exchangePublicKey } from "../crypto/index.js"
import { type IdentityCard, openIdentityCard } from "../identity/index.js"
import { openBox } from "./box.js"
import { isError, type ProvenError, readError } from "./error-proof.js"
import { errorKey, type Generation, refreshKey } from "./generation-keys.js"
import { refreshKeys } from "./refresh-keys.js"
import { isSignedRefreshed } from "./refresh-proof.js"
import { encodeRefresh } from "./wire/refresh.js"
import { decodeRefreshed } from "./wire/refreshed.js"
import { decodeSessionTerms, type SessionTerms } from "./wire/session-terms.js"

/** A refresh that has no answer yet. Secret. [LOGIN-6-2] */
export interface PendingRefresh {
  /** 32 bytes. */
  readonly ephemeralSecret: Uint8Array
  /** What to send, again and again, until there is an answer. */
  readonly request: Uint8Array
}

/** A session on its device, as a store keeps it for all programs. Immutable. Secret. */
export interface ClientSession extends Generation {
  readonly pending: PendingRefresh | null
}

/** What a device knows of its session's server. */
export interface KnownServer {
  readonly realm: string
  /** Pinned, Ed25519: those that this session was told. */
  readonly serverKeys: readonly Uint8Array[]
}

export type RefreshResult =
  | {
      readonly session: ClientSession
      readonly terms: SessionTerms
      /** Its key is the server key to pin: the server may have changed it, and signed that by the one before. [LOGIN-10-3] */
      readonly serverCard: IdentityCard
    }
  /** It says what happened; nothing else has changed. */
  | { readonly error: ProvenError }

/**
 * The session with a request, which it is saved with before the request is sent. One that is under way
 * already stays the one.
 *
 * @param ephemeralSecret 32 random bytes
 */
export function beginRefresh(
  session: ClientSession,
  ephemeralSecret: Uint8Array,
): ClientSession & { readonly pending: PendingRefresh } {
  if (session.pending) return { ...session, pending: session.pending }
  const { generation, session: id } = session
  const ephemeralKey = exchangePublicKey(ephemeralSecret)
  const request = encodeRefresh({ session: id, generation, ephemeralKey }, refreshKey(session))
  return { ...session, pending: { ephemeralSecret, request } }
}

/**
 * The server answered. What is returned takes the place of `session` in the store, if that is still there.
 *
 * @param session as {@link beginRefresh} returned it
 * @throws {PeerError} `unauthenticated-answer`, `malformed`, `bad-signature`: nothing has changed; repeat
 * the request
 */
export function completeRefresh(
  session: ClientSession & { readonly pending: PendingRefresh },
  answer: Uint8Array,
  { realm, serverKeys }: KnownServer,
): RefreshResult {
  const { generation, pending, root, session: id } = session
  const { ephemeralSecret, request } = pending
  if (isError(answer)) {
    const trust = { errorKeys: [errorKey(session)], serverKeys }
    return { error: readError(answer, request, trust) }
  }
  const { ephemeralKey, sealed, signature } = decodeRefreshed(answer)
  const ephemerals = {
    ownSecret: ephemeralSecret,
    otherKey: ephemeralKey,
    serverKey: ephemeralKey,
  }
  const keys = refreshKeys(root, request, ephemerals) // [LOGIN-6-1]
  // Who stole the root could answer else, and tell another server key. [LOGIN-6-1]
  const isSigned =
    keys !== null &&
    isSignedRefreshed({ realm, transcript: keys.transcript, sealed }, signature, serverKeys)
  const text = isSigned ? openBox(keys.answerKey, 0, keys.transcript, sealed) : null
  if (!keys || !text) {
    throw new PeerError(
      "unauthenticated-answer",
      "The answer to a refresh is not by the server: somebody is in between. Nothing was changed; try again.",
    )
  }
  const next = { session: id, generation: generation + 1, root: keys.nextRoot, pending: null }
  const terms = decodeSessionTerms(text)
  return { session: next, terms, serverCard: openIdentityCard(terms.card) }
}
