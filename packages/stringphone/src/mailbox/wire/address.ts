import {
  base64url,
  concat,
  decodeAll,
  fromBase64url,
  u16,
  u8,
  UsageError,
} from "../../bytes/index.js"
import { labelled, verify } from "../../crypto/index.js"
import type { Identity } from "../../identity/index.js"

/** Whom one can write to without having met. */
export interface Address {
  /** Ed25519, 32 bytes. */
  readonly identityKey: Uint8Array
  /** X25519, 32 bytes. */
  readonly exchangeKey: Uint8Array
  /** X25519, 32 bytes. */
  readonly prekey: Uint8Array
  readonly lastDay: number
  /** 16 bytes, of an invitation; `null`: it is public. */
  readonly secret: Uint8Array | null
}

const prefix = "stringphone:mail/"
const purpose = "mailbox address"

/**
 * spec/mailbox.md §3.1
 *
 *   0         1      2              34             66       98         100         164
 *   +---------+------+--------------+--------------+--------+----------+-----------+----------+
 *   | version | kind | identity key | exchange key | prekey | last day | signature | (secret) |
 *   | u8 = 1  | u8   | 32           | 32           | 32     | u16      | 64        | 16       |
 *   +---------+------+--------------+--------------+--------+----------+-----------+----------+
 */
export function encodeAddress(
  address: Omit<Address, "identityKey" | "exchangeKey">,
  identity: Identity,
): Uint8Array {
  const { prekey, lastDay, secret } = address
  const kind = u8(secret ? 1 : 0)
  const { publicKey, exchangePublicKey } = identity
  const signed = concat(u8(1), kind, publicKey, exchangePublicKey, prekey, u16(lastDay))
  return concat(signed, identity.sign(purpose, signed), secret ?? new Uint8Array(0))
}

/** @throws {UsageError} `bad-address` */
export function decodeAddress(bytes: Uint8Array): Address {
  return decodeAll(
    bytes,
    "address",
    (r) => {
      r.expect(1, "version")
      const kind = r.u8("kind")
      if (kind > 1) throw r.fail(`kind is ${kind}`)
      const identityKey = r.take(32, "identity key").slice()
      const exchangeKey = r.take(32, "exchange key").slice()
      const prekey = r.take(32, "prekey").slice()
      const lastDay = r.u16("last day")
      const signature = r.take(64, "signature")
      if (!verify(signature, labelled(purpose, bytes.subarray(0, 100)), identityKey)) {
        throw r.fail("its signature is wrong")
      }
      const secret = kind === 1 ? r.take(16, "secret").slice() : null
      return { identityKey, exchangeKey, prekey, lastDay, secret }
    },
    badAddress,
  )
}

export function addressText(address: Uint8Array): string {
  return prefix + base64url(address)
}

/** @throws {UsageError} `bad-address` */
export function readAddressText(text: string): Address {
  const trimmed = text.trim()
  if (!trimmed.startsWith(prefix)) throw badAddress("")
  let bytes: Uint8Array
  try {
    bytes = fromBase64url(trimmed.slice(prefix.length))
  } catch {
    throw badAddress("")
  }
  return decodeAddress(bytes)
}

function badAddress(problem: string): UsageError {
  const why = problem ? `${problem} ` : ""
  return new UsageError(
    "bad-address",
    `${why}That is no address for mail: one begins with stringphone:mail/ and is copied whole. Ask for it once more.`,
  )
}
