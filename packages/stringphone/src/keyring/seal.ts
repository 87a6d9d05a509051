import { fromHex, hex, UsageError, utf8 } from "../bytes/index.js"
import * as crypto from "../crypto/index.js"

/** How hard it is to try a passphrase: RFC 9106's second recommendation, about 0.2 s native. */
export const defaultStretchCost: crypto.StretchCost = { passes: 3, memoryKib: 65_536 }

/** What a header may ask of us: enough to be a seal at all, not so much that opening hangs. */
const floor: crypto.StretchCost = { passes: 1, memoryKib: 8 }
const ceiling: crypto.StretchCost = { passes: 64, memoryKib: 2_097_152 }

/** The ring key, 32 bytes, under a passphrase. All texts are hexadecimal. */
export interface PassphraseSeal {
  readonly kdf: "argon2id"
  readonly passes: number
  readonly memoryKib: number
  readonly salt: string
  readonly nonce: string
  readonly sealedKey: string
}

/** Seals a ring key; spec/identity.md §5. */
export function sealRingKey(
  ringKey: Uint8Array,
  passphrase: string,
  cost: crypto.StretchCost,
): PassphraseSeal {
  const salt = crypto.randomBytes(16)
  const nonce = crypto.randomBytes(24)
  const key = stretch(passphrase, salt, cost)
  return {
    kdf: "argon2id",
    ...cost,
    salt: hex(salt),
    nonce: hex(nonce),
    sealedKey: hex(crypto.seal(ringKey, nonce, key, sealLabel(cost))),
  }
}

/** @throws {UsageError} `passphrase-wrong` */
export function openRingKey(seal: PassphraseSeal, passphrase: string): Uint8Array {
  const cost = { passes: seal.passes, memoryKib: seal.memoryKib }
  const key = stretch(passphrase, fromHex(seal.salt), cost)
  const ringKey = crypto.open(fromHex(seal.sealedKey), fromHex(seal.nonce), key, sealLabel(cost))
  if (ringKey === null) {
    throw new UsageError(
      "passphrase-wrong",
      "The passphrase does not open the key ring. Try again.",
    )
  }
  return ringKey
}

/** Enough to be a seal at all, not so much that opening hangs. */
export function isAllowedCost(cost: { passes?: unknown; memoryKib?: unknown }): boolean {
  return (
    within(cost.passes, floor.passes, ceiling.passes) &&
    within(cost.memoryKib, floor.memoryKib, ceiling.memoryKib)
  )
}

/** Whether a header's seal is one that we can and should try to open. */
export function isPassphraseSeal(value: unknown): value is PassphraseSeal {
  if (typeof value !== "object" || value === null) return false
  const seal = value as Partial<Record<keyof PassphraseSeal, unknown>>
  return (
    seal.kdf === "argon2id" &&
    isAllowedCost(seal) &&
    isHex(seal.salt, 16) &&
    isHex(seal.nonce, 24) &&
    isHex(seal.sealedKey, 48)
  )
}

/** One entry of a sealed ring: nonce 24 ‖ XChaCha20-Poly1305, bound to the entry's name. */
export function sealEntry(value: Uint8Array, name: string, ringKey: Uint8Array): Uint8Array {
  const nonce = crypto.randomBytes(24)
  const sealed = crypto.seal(value, nonce, ringKey, entryLabel(name))
  const out = new Uint8Array(24 + sealed.length)
  out.set(nonce)
  out.set(sealed, 24)
  return out
}

/** @returns `null` when it was altered, or belongs under another name. */
export function openEntry(
  sealed: Uint8Array,
  name: string,
  ringKey: Uint8Array,
): Uint8Array | null {
  return sealed.length < 40
    ? null
    : crypto.open(sealed.subarray(24), sealed.subarray(0, 24), ringKey, entryLabel(name))
}

function stretch(passphrase: string, salt: Uint8Array, cost: crypto.StretchCost): Uint8Array {
  // NFKC, so that the same passphrase typed on another keyboard gives the same bytes (RFC 8265).
  return crypto.stretch(utf8(passphrase.normalize("NFKC")), salt, cost, 32)
}

function sealLabel(cost: crypto.StretchCost): Uint8Array {
  return crypto.labelled("key ring seal", utf8(`argon2id ${cost.passes} ${cost.memoryKib}`))
}

function entryLabel(name: string): Uint8Array {
  // In UTF-8 alone, all halves of surrogate pairs would be one: JSON escapes them. [IDENTITY-5-2]
  return crypto.labelled("key ring entry", utf8(JSON.stringify(name).slice(1, -1)))
}

function within(value: unknown, low: number, high: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= low && value <= high
}

function isHex(value: unknown, bytes: number): boolean {
  return typeof value === "string" && value.length === 2 * bytes && /^[0-9a-f]*$/.test(value)
}
