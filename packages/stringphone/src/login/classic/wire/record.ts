import type { StretchCost } from "../../../crypto/index.js"
import { maxSteps, stepSpread } from "../kdf.js"
import { costFields, readCost } from "./challenge.js"
import { bytesField, decodeForm, encodeForm } from "./form.js"

/** What a server keeps of a user. */
export interface RecordParts {
  readonly login: string
  /** 16 bytes. */
  readonly salt: Uint8Array
  readonly cost: StretchCost
  /** N. */
  readonly steps: number
  /** H, 32 bytes: logs in. */
  readonly key: Uint8Array
}

/*
 * user=<login>&salt=<16 bytes>&passes=<passes>&kib=<memory>&n=<N>&h=<32 bytes>
 */
export function encodeRecord({ login, salt, cost, steps, key }: RecordParts): string {
  return encodeForm([
    ["user", login],
    bytesField("salt", salt),
    ...costFields(cost),
    ["n", String(steps)],
    bytesField("h", key),
  ])
}

/** @throws {PeerError} `malformed` */
export function decodeRecord(text: string): RecordParts {
  return decodeForm(text, "login record", (form) => ({
    login: form.login("user"),
    salt: form.bytes("salt", 16),
    cost: readCost(form),
    steps: form.number("n", 1, maxSteps - stepSpread), // [YAAS-3-5]
    key: form.bytes("h", 32),
  }))
}
