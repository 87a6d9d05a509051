import { type Reader, u32, UsageError, concat } from "../../bytes/index.js"

/** What a number of JavaScript holds exactly. [LOGIN-5-3] */
export const mostCalls: number = Number.MAX_SAFE_INTEGER

/**
 * u64, big-endian: the number of a call.
 * @throws {UsageError} `bad-call-number`
 */
export function encodeCallNumber(number: number): Uint8Array {
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new UsageError("bad-call-number", "Calls are numbered from 1 to 2⁵³ − 1. Open a lane.")
  }
  return concat(u32(Math.floor(number / 2 ** 32)), u32(number % 2 ** 32))
}

export function readCallNumber(r: Reader): number {
  const number = r.u32("upper half of the number") * 2 ** 32 + r.u32("number")
  if (number < 1 || number > mostCalls) throw r.fail("there is no call of that number") // [LOGIN-5-3]
  return number
}
