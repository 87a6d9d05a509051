import { concat, decodeAll, u8 } from "../../bytes/index.js"
import { encodeName, readName } from "./fields.js"

/** Whose a leaf is. */
export type Credential = SignedCredential | DeniableCredential

export interface SignedCredential {
  readonly kind: "signed"
  /** Ed25519, 32 bytes. */
  readonly identityKey: Uint8Array
  readonly ownName: string
  /** By the identity, 64 bytes. */
  readonly binding: Uint8Array
}

export interface DeniableCredential {
  readonly kind: "deniable"
  /** Ed25519, 32 bytes. */
  readonly identityKey: Uint8Array
  /** Of the identity: X25519, 32 bytes. */
  readonly exchangeKey: Uint8Array
  /** By the identity, 64 bytes. */
  readonly cardSignature: Uint8Array
  /** Fresh for this room: X25519, 32 bytes. */
  readonly roomExchangeKey: Uint8Array
  readonly ownName: string
}

const signedKind = 1
const deniableKind = 2

/**
 * Credential of a leaf, spec/room.md §1.
 *
 *   signed room
 *   0        1              33          34+n
 *   +--------+--------------+-----------+-----------+
 *   | kind   | identity key | own name  | binding   |
 *   | u8 = 1 | 32 bytes     | v8, UTF-8 | 64 bytes  |
 *   +--------+--------------+-----------+-----------+
 *   deniable room
 *   0        1              33             65             129                 161
 *   +--------+--------------+--------------+--------------+-------------------+-----------+
 *   | kind   | identity key | exchange key | card         | room exchange key | own name  |
 *   | u8 = 2 | 32 bytes     | 32 bytes     | signature 64 | 32 bytes          | v8, UTF-8 |
 *   +--------+--------------+--------------+--------------+-------------------+-----------+
 */
export function encodeCredential(credential: Credential): Uint8Array<ArrayBuffer> {
  const { identityKey, ownName } = credential
  if (credential.kind === "signed") {
    return concat(u8(signedKind), identityKey, encodeName(ownName), credential.binding)
  }
  const { cardSignature, exchangeKey, roomExchangeKey } = credential
  const keys = concat(identityKey, exchangeKey, cardSignature, roomExchangeKey)
  return concat(u8(deniableKind), keys, encodeName(ownName))
}

/** Its signatures are not checked. @throws {PeerError} `malformed` */
export function decodeCredential(bytes: Uint8Array): Credential {
  return decodeAll(bytes, "room credential", (r): Credential => {
    const kind = r.u8("kind")
    if (kind !== signedKind && kind !== deniableKind) throw r.fail("unknown kind")
    const identityKey = r.take(32, "identity key").slice()
    if (kind === signedKind) {
      const ownName = readName(r, "own name")
      return { kind: "signed", identityKey, ownName, binding: r.take(64, "binding").slice() }
    }
    return {
      kind: "deniable",
      identityKey,
      exchangeKey: r.take(32, "exchange key").slice(),
      cardSignature: r.take(64, "card signature").slice(),
      roomExchangeKey: r.take(32, "room exchange key").slice(),
      ownName: readName(r, "own name"),
    }
  })
}
