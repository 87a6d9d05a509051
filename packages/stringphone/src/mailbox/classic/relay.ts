import { decodeAll, hex, PeerError, u32, UsageError } from "../../bytes/index.js"
import { hash } from "../../crypto/index.js"
import { decodeMail } from "./wire.js"

/** What a node passes on. */
export interface RelayRules {
  /** The node's clock: whole seconds since 1970. */
  readonly nowSeconds: number
  /** The largest mail that is passed on. Without it 1,048,576. */
  readonly maxBytes?: number
  /** How far ahead an expiry may be. Without it any: the original document names no limit. */
  readonly maxLifeSeconds?: number
}

/** Why a mail was not passed on. */
export type DropReason = "oversized" | "malformed" | "expired" | "too-long-lived" | "duplicate"

export interface RelayedMail {
  /** For the next node: the same bytes, in the order of their SHA-256. */
  readonly passed: readonly Uint8Array[]
  readonly dropped: readonly { readonly mail: Uint8Array; readonly reason: DropReason }[]
}

const defaultMaxBytes = 1_048_576

/**
 * What a node does with all mail that it has, its own new mail included, before it gives the list to
 * the next. It recognises, verifies and opens nothing; what stays is passed on unchanged. Hostile
 * bytes are dropped, and never throw.
 *
 * @throws {UsageError} `bad-rules`
 *
 * @example
 * ```ts
 * const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
 * const nowSeconds = Math.floor(Date.now() / 1000)
 * const form = { messageBytes: 100, receivers: 1 }
 * const late = createDummyMail({ ...form, expiresAtSeconds: nowSeconds - 1 }, random)
 * const early = createDummyMail({ ...form, expiresAtSeconds: nowSeconds + 3600 }, random)
 * const { passed, dropped } = relayMail([late, early, early], { nowSeconds })
 * passed.length // → 1
 * dropped.map(({ reason }) => reason) // → [ 'expired', 'duplicate' ]
 * ```
 */
export function relayMail(mails: readonly Uint8Array[], rules: RelayRules): RelayedMail {
  requireRules(rules)
  const passed = new Map<string, Uint8Array>()
  const dropped: { mail: Uint8Array; reason: DropReason }[] = []
  for (const mail of mails) {
    const digest = hex(hash(mail))
    const reason = reasonToDrop(mail, rules) ?? (passed.has(digest) ? "duplicate" : null)
    if (reason === null) passed.set(digest, mail)
    else dropped.push({ mail, reason })
  }
  // In no order that says which were there first, or which are the node's own. [WCMP-6-4]
  const inOrder = [...passed].sort(([a], [b]) => (a < b ? -1 : 1))
  return { passed: inOrder.map(([, mail]) => mail), dropped }
}

function reasonToDrop(mail: Uint8Array, rules: RelayRules): DropReason | null {
  const { nowSeconds, maxBytes = defaultMaxBytes, maxLifeSeconds = Infinity } = rules
  if (mail.length > maxBytes) return "oversized" // [WCMP-6-2]
  let expiresAtSeconds: number
  try {
    expiresAtSeconds = decodeMail(mail).expiresAtSeconds
  } catch (error) {
    if (error instanceof PeerError) return "malformed"
    throw error
  }
  if (expiresAtSeconds <= nowSeconds) return "expired" // [WCMP-6-1]
  return expiresAtSeconds - nowSeconds > maxLifeSeconds ? "too-long-lived" : null // [WCMP-6-3]
}

function requireRules({ nowSeconds, maxBytes = 0, maxLifeSeconds = 0 }: RelayRules): void {
  const isNumber = [nowSeconds, maxBytes, maxLifeSeconds].every((value) => value >= 0)
  if (!isNumber || !Number.isInteger(nowSeconds)) {
    throw new UsageError(
      "bad-rules",
      "The rules of a relay are numbers from 0; `nowSeconds` is whole seconds since 1970.",
    )
  }
}

/**
 * A list of mails as one file, spec/mailbox-classic.md §6: for a stick, a dead drop, a socket.
 *
 *   for each mail
 *   +--------+---------+
 *   | length | mail    |
 *   | u32 BE | m bytes |
 *   +--------+---------+
 */
export function encodeMailList(mails: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(mails.reduce((length, mail) => length + 4 + mail.length, 0))
  let at = 0
  for (const mail of mails) {
    out.set(u32(mail.length), at)
    out.set(mail, at + 4)
    at += 4 + mail.length
  }
  return out
}

/**
 * Mails as views of `bytes`; none of them was looked into.
 * @throws {PeerError} `malformed`
 */
export function decodeMailList(bytes: Uint8Array): readonly Uint8Array[] {
  return decodeAll(bytes, "list of mails", (r) => {
    const mails: Uint8Array[] = []
    while (r.remaining > 0) mails.push(r.take(r.u32("length of a mail"), "mail")) // [WCMP-6-5]
    return mails
  })
}
