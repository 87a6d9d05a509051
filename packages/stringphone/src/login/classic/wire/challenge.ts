import type { StretchCost } from "../../../crypto/index.js"
import { maxMemoryKib, maxPasses, minMemoryKib } from "../cost.js"
import { maxSteps } from "../kdf.js"
import {
  bytesField,
  decodeForm,
  encodeForm,
  type Field,
  type FormReader,
  optionalField,
} from "./form.js"

/** The server's answer to a request. Nothing of it is proven. */
export interface LoginChallenge {
  /** M. */
  readonly steps: number
  /** Of the record, 16 bytes. */
  readonly salt: Uint8Array
  readonly cost: StretchCost
  /** The server's, 16 bytes. */
  readonly nonce: Uint8Array
  /** X25519, 32 bytes; `null`: without exchange. */
  readonly exchangeKey: Uint8Array | null
}

/*
 * m=<M>&salt=<16 bytes>&passes=<passes>&kib=<memory>&nonce=<16 bytes>[&dh=<32 bytes>]
 */
export function encodeChallenge({ steps, salt, cost, nonce, exchangeKey }: LoginChallenge): string {
  return encodeForm([
    ["m", String(steps)],
    bytesField("salt", salt),
    ...costFields(cost),
    bytesField("nonce", nonce),
    ...optionalField("dh", exchangeKey),
  ])
}

/** @throws {PeerError} `malformed` */
export function decodeChallenge(text: string): LoginChallenge {
  return decodeForm(text, "login challenge", (form) => ({
    steps: form.number("m", 2, maxSteps), // [YAAS-3-5]
    salt: form.bytes("salt", 16),
    cost: readCost(form),
    nonce: form.bytes("nonce", 16),
    exchangeKey: form.optionalBytes("dh", 32),
  }))
}

export function costFields({ passes, memoryKib }: StretchCost): readonly Field[] {
  return [
    ["passes", String(passes)],
    ["kib", String(memoryKib)],
  ]
}

export function readCost(form: FormReader): StretchCost {
  return {
    passes: form.number("passes", 1, maxPasses), // [YAAS-2-3]
    memoryKib: form.number("kib", minMemoryKib, maxMemoryKib),
  }
}
