import { concat, u8, utf8 } from "../../bytes/index.js"
import * as crypto from "../../crypto/index.js"
import { passwordBytes } from "./names.js"

/** H is kdf(password, N) with this N. [YAAS-2-7] */
export const recordSteps = 1000
/** M is so much higher than N at most. [YAAS-4-6] */
export const stepSpread = 1000
/** The highest M. [YAAS-3-5] */
export const maxSteps = 1_048_576

/** Length and bytes of a realm or a login. */
export function sized(name: string): Uint8Array {
  const bytes = utf8(name)
  return concat(u8(bytes.length), bytes)
}

/** 16 bytes that no other realm, login and salt make. [YAAS-2-4] */
export function boundSaltOf(realm: string, login: string, salt: Uint8Array): Uint8Array {
  const input = crypto.labelled("login classic salt", sized(realm), sized(login), salt)
  return crypto.hash(input).slice(0, 16)
}

export function chainKeyOf(boundSalt: Uint8Array): Uint8Array {
  return crypto.hash(crypto.labelled("login classic chain", boundSalt)) // [YAAS-2-5]
}

/**
 * base: the slow part, 32 bytes.
 * @throws {UsageError} `bad-password`
 */
export function baseOf(
  password: string,
  boundSalt: Uint8Array,
  cost: crypto.StretchCost,
): Uint8Array {
  const typed = passwordBytes(password)
  try {
    return crypto.stretch(typed, boundSalt, cost, 32) // [YAAS-2-5]
  } finally {
    typed.fill(0)
  }
}

/** f, so many times. `x` is left as it is, and what is between it and the result overwritten. [YAAS-2-6] */
export function advance(chainKey: Uint8Array, x: Uint8Array, times: number): Uint8Array {
  const message = new Uint8Array(1 + x.length)
  message[0] = 0x01
  let at = Uint8Array.from(x)
  for (let i = 0; i < times; i++) {
    message.set(at, 1)
    at.fill(0)
    at = crypto.authenticate(message, chainKey) as Uint8Array<ArrayBuffer>
  }
  message.fill(0)
  return at
}

/**
 * kdf(password, steps), for this realm and login.
 * @throws {UsageError} `bad-password`
 */
export function passwordKey(
  password: string,
  boundSalt: Uint8Array,
  cost: crypto.StretchCost,
  steps: number,
): Uint8Array {
  const base = baseOf(password, boundSalt, cost)
  try {
    return advance(chainKeyOf(boundSalt), base, steps)
  } finally {
    base.fill(0)
  }
}
