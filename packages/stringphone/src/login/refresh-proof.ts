import { concat } from "../bytes/index.js"
import { labelled, verify } from "../crypto/index.js"
import type { Identity } from "../identity/index.js"
import { encodeText8 } from "./wire/name.js"

/** What the answer to a refresh is, beside its keys: who has the root alone makes none. [LOGIN-6-1] */
export interface RefreshAnswer {
  readonly realm: string
  /** Of the refresh, 32 bytes: it binds session, generation and both ephemeral keys. */
  readonly transcript: Uint8Array
  /** A box. */
  readonly sealed: Uint8Array
}

const purpose = "login refreshed"

/** @param server whose key the session's device knows */
export function signRefreshed(answer: RefreshAnswer, server: Identity): Uint8Array {
  return server.sign(purpose, covered(answer))
}

export function isSignedRefreshed(
  answer: RefreshAnswer,
  signature: Uint8Array,
  serverKeys: readonly Uint8Array[],
): boolean {
  const message = labelled(purpose, covered(answer))
  return serverKeys.some((key) => verify(signature, message, key))
}

function covered({ realm, sealed, transcript }: RefreshAnswer): Uint8Array {
  return concat(encodeText8(realm), transcript, sealed)
}
