import { concat, decodeAll, type Reader, u32, u8 } from "../../bytes/index.js"
import { loginErrors, type LoginErrorName } from "../error-codes.js"

/** Why an error should be believed. */
export type ErrorProof =
  | { readonly kind: "none" }
  /** 32 bytes, under the error key of a generation. */
  | { readonly kind: "mac"; readonly mac: Uint8Array }
  /** 64 bytes, by the server key. */
  | { readonly kind: "signature"; readonly signature: Uint8Array }
  /** The same, over the head of a sealed call that was not read to its end. */
  | { readonly kind: "call-signature"; readonly signature: Uint8Array }

export interface ErrorMessage {
  readonly name: LoginErrorName
  /** Until it is worth another try; 0: nothing is said about that. */
  readonly seconds: number
  readonly proof: ErrorProof
}

export const errorType = 0x0e
const kinds = ["none", "mac", "signature", "call-signature"] as const
const names = new Map(Object.entries(loginErrors).map(([name, code]) => [code, name]))

/**
 * spec/login.md §6.4
 *
 *   0      1      2         6      7
 *   +------+------+---------+------+-------------+
 *   | type | code | seconds | kind | proof       |
 *   | 0x0e | u8   | u32     | u8   | 0 | 32 | 64 |
 *   +------+------+---------+------+-------------+
 */
export function encodeError({ name, seconds, proof }: ErrorMessage): Uint8Array {
  const kind = u8(kinds.indexOf(proof.kind))
  return concat(u8(errorType), encodeErrorContent(name, seconds), kind, proofBytes(proof))
}

/** Code and seconds: what proofs are over. */
export function encodeErrorContent(name: LoginErrorName, seconds: number): Uint8Array {
  return concat(u8(loginErrors[name]), u32(Math.min(Math.ceil(seconds), 0xffff_ffff)))
}

/** @throws {PeerError} `malformed` */
export function decodeError(bytes: Uint8Array): ErrorMessage {
  return decodeAll(bytes, "error", (r) => {
    r.expect(errorType, "type")
    const name = names.get(r.u8("code") as (typeof loginErrors)[LoginErrorName])
    if (name === undefined) throw r.fail("code is unknown")
    const seconds = r.u32("seconds")
    return { name: name as LoginErrorName, seconds, proof: readProof(r) }
  })
}

function readProof(r: Reader): ErrorProof {
  const kind = kinds[r.u8("kind")]
  if (kind === "none") return { kind }
  if (kind === "mac") return { kind, mac: r.take(32, "mac").slice() }
  if (kind) return { kind, signature: r.take(64, "signature").slice() }
  throw r.fail("the kind of its proof is unknown")
}

function proofBytes(proof: ErrorProof): Uint8Array {
  if (proof.kind === "mac") return proof.mac
  return proof.kind === "none" ? new Uint8Array(0) : proof.signature
}
