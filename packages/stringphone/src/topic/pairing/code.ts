import {
  base64url,
  concat,
  decodeAll,
  fromBase64url,
  fromUtf8,
  type Reader,
  sameBytes,
  u8,
  UsageError,
  utf8,
} from "../../bytes/index.js"
import { hash, labelled } from "../../crypto/index.js"

/** Which side shows the code. */
export type PairingRole = "host" | "joiner"

/** What a pairing code says. Its secret works once; whoever sees the code can use it. */
export interface PairingCode {
  /** Of the device that shows it. */
  readonly role: PairingRole
  /** 16 bytes: {@link pairingKeyHash} of the key of the device that shows it. */
  readonly keyHash: Uint8Array
  /** 16 random bytes. Never send them, or the code, over the channel. */
  readonly secret: Uint8Array
  /** Where to meet, as the application writes it; may be empty. */
  readonly address: string
}

const prefix = "stringphone:pair/"
const roles: Readonly<Record<PairingRole, number>> = { host: 1, joiner: 2 }

/** 16 bytes that stand for an Ed25519 key (32 bytes) in a code. [TOPIC-9-9] */
export function pairingKeyHash(publicKey: Uint8Array): Uint8Array {
  return hash(labelled("topic pairing key", publicKey)).slice(0, 16)
}

/** Whether this is the key of who shows the code. */
export function codeIsOf(code: PairingCode, publicKey: Uint8Array): boolean {
  return sameBytes(code.keyHash, pairingKeyHash(publicKey))
}

/**
 * A new code for our own device to show.
 * @param publicKey our own, 32 bytes
 */
export function makePairingCode(
  role: PairingRole,
  publicKey: Uint8Array,
  address: string,
  random: (length: number) => Uint8Array,
): PairingCode {
  return { role, keyHash: pairingKeyHash(publicKey), secret: random(16), address }
}

/**
 * Pairing code, spec/topic.md §9.9: `stringphone:pair/` ‖ base64url of
 *
 *   0         1      2          18         34
 *   +---------+------+----------+----------+-------------------+
 *   | version | role | key hash | secret   | address           |
 *   | u8 = 1  | u8   | 16 bytes | 16 bytes | UTF-8, 0 and more |
 *   +---------+------+----------+----------+-------------------+
 */
export function encodePairingCode(code: PairingCode): string {
  const { address, keyHash, role, secret } = code
  return prefix + base64url(concat(u8(1), u8(roles[role]), keyHash, secret, utf8(address)))
}

/**
 * Reads what was scanned or pasted; white space around it is ignored.
 * @throws {UsageError} `bad-pairing-code`
 */
export function decodePairingCode(text: string): PairingCode {
  const trimmed = text.trim()
  if (!trimmed.startsWith(prefix)) {
    throw badCode(
      trimmed.startsWith("stringphone:")
        ? `This is another text of String phone. A pairing code starts with ${prefix}`
        : `This is no pairing code. A pairing code starts with ${prefix}`,
    )
  }
  return decodeAll(bytesOf(trimmed.slice(prefix.length)), "pairing code", readCode, (problem) =>
    badCode(`The pairing code is incomplete. Copy all of it. (${problem})`),
  )
}

function readCode(r: Reader): PairingCode {
  const version = r.u8("version")
  if (version !== 1) {
    throw badCode(`The pairing code is of version ${version}; this program knows version 1 only.`)
  }
  const role = roleOf(r.u8("role"))
  const keyHash = r.take(16, "key hash").slice()
  const secret = r.take(16, "secret").slice()
  const address = fromUtf8(r.rest("address"))
  if (address === null) throw badCode("The pairing code is damaged: its address is no text.")
  return { role, keyHash, secret, address }
}

function roleOf(byte: number): PairingRole {
  if (byte === roles.host) return "host"
  if (byte === roles.joiner) return "joiner"
  throw badCode("The pairing code is damaged, or was made by a newer program.")
}

function bytesOf(encoded: string): Uint8Array {
  try {
    return fromBase64url(encoded)
  } catch (cause) {
    throw badCode("The pairing code is incomplete or damaged. Copy all of it.", cause)
  }
}

function badCode(problem: string, cause?: unknown): UsageError {
  return new UsageError("bad-pairing-code", problem, { cause })
}
