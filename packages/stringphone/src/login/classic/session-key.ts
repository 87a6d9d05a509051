import { concat, utf8 } from "../../bytes/index.js"
import * as crypto from "../../crypto/index.js"
import { decodeChallenge } from "./wire/challenge.js"
import { decodeRequest } from "./wire/request.js"

/** K: what both ends of one login have, and nobody who knows neither password nor H. [YAAS-3.1-2] */
export function sessionKey(
  passwordKey: Uint8Array,
  shared: Uint8Array | null,
  request: string,
  challenge: string,
): Uint8Array {
  const secret = shared ? concat(passwordKey, shared) : passwordKey
  const nonces = concat(decodeRequest(request).nonce, decodeChallenge(challenge).nonce)
  const said = crypto.hash(utf8(`${request}\n${challenge}`))
  try {
    return crypto.derive(secret, nonces, crypto.labelled("login classic session", said), 32)
  } finally {
    if (shared) secret.fill(0)
  }
}

/** What a grant's box is sealed with. [YAAS-3.1-3] */
export function grantKey(sessionKey: Uint8Array): Uint8Array {
  const info = crypto.labelled("login classic grant")
  return crypto.hkdfExpand(crypto.authenticate, sessionKey, info, 32)
}
