import { PeerError } from "../bytes/index.js"
import {
  blockKeyOf,
  blockSize,
  branchKeyOf,
  branchSize,
  leafKeyOf,
  nextChainKey,
} from "./key-chain.js"

/** A key that covers `size` counters (256, 16 or 1) from `first` on, none of them received. */
export interface KeptKey {
  readonly first: number
  readonly size: number
  readonly key: Uint8Array
  /** When these counters were passed over, milliseconds since 1970; 0: they were not yet. */
  readonly passedMs: number
}

/** All that a receiver has of one sender in one epoch. */
export interface ReceivingChain {
  /** The chain key at `block`. */
  readonly chainKey: Uint8Array
  /** The first block of which nothing was derived. */
  readonly block: number
  /** The highest counter accepted, plus 1. */
  readonly counters: number
  /** By `first`, ascending. */
  readonly kept: readonly KeptKey[]
}

/** What is missing before a message. [TOPIC-3-9] */
export interface Gap {
  /** Messages that were sent and did not arrive (yet). */
  readonly missing: number
  /** Numbers that may never have been used: of a sender that started anew. */
  readonly possiblyMissing: number
  /** Sent before their sender knew that somebody was removed, so nobody takes them. [TOPIC-7-9] */
  readonly atRemoval?: true
}

/** A key that was found, and what to keep once the message proved genuine. */
export interface FoundKey {
  readonly key: Uint8Array
  /** It fills a gap reported before. */
  readonly late: boolean
  readonly gap: Gap | null
  readonly farAhead: boolean
  /** The state without this key. [TOPIC-2-4] */
  accepted(nowMs: number): ReceivingChain
}

export const maxLateKeys = 48
export const lateCounters = 4096
/** How long keys of late messages and of the epoch before are kept. */
export const lateMs = 300_000
export const maxJump: number = 2 ** 22
const farJump = 2 ** 16

/**
 * Finds the key of a message without changing anything.
 *
 * @throws {PeerError} `replayed`: it was received before, or is too old to tell; `too-far-ahead`
 */
export function findKey(chain: ReceivingChain, counter: number): FoundKey {
  const at = chain.kept.findIndex(
    (kept) => counter >= kept.first && counter < kept.first + kept.size,
  )
  const late = counter < chain.counters
  const farAhead = counter - chain.counters >= farJump
  const gap = gapBefore(chain, counter)
  if (at >= 0) {
    const found = chain.kept[at] as KeptKey
    const { key, rest } = descend(found, counter)
    return {
      key,
      late,
      gap,
      farAhead,
      accepted(nowMs) {
        const kept = chain.kept.slice()
        kept.splice(at, 1, ...rest)
        return settle(chain, chain, kept, counter, nowMs)
      },
    }
  }
  const block = Math.floor(counter / blockSize)
  if (block < chain.block) {
    throw new PeerError("replayed", "A message came before, or is too old to tell.") // [TOPIC-2-3]
  }
  if (counter - chain.counters >= maxJump) {
    throw new PeerError("too-far-ahead", "A message number is too far ahead to be believed.") // [TOPIC-2-6]
  }
  const skipped: KeptKey[] = []
  let { chainKey } = chain
  for (let skip = chain.block; skip < block; skip++) {
    const first = skip * blockSize
    if (counter - first < lateCounters + blockSize) {
      skipped.push({ first, size: blockSize, key: blockKeyOf(chainKey), passedMs: 0 })
    }
    chainKey = nextChainKey(chainKey)
  }
  const first = block * blockSize
  const key = blockKeyOf(chainKey)
  const found = descend({ first, size: blockSize, key, passedMs: 0 }, counter)
  return {
    key: found.key,
    late,
    gap,
    farAhead,
    accepted(nowMs) {
      const next = { chainKey: nextChainKey(chainKey), block: block + 1 }
      return settle(chain, next, [...chain.kept, ...skipped, ...found.rest], counter, nowMs)
    },
  }
}

/** Drops the keys of late messages that waited too long. @returns the same state if there were none. */
export function forgetLate(chain: ReceivingChain, nowMs: number): ReceivingChain {
  const isDue = ({ passedMs }: KeptKey): boolean => passedMs > 0 && nowMs - passedMs >= lateMs
  if (!chain.kept.some(isDue)) return chain
  return { ...chain, kept: chain.kept.filter((kept) => !isDue(kept)) }
}

/** Forgets every counter below: they can not be received any more. [TOPIC-4-3] */
export function forgetBelow(chain: ReceivingChain, counter: number): ReceivingChain {
  return { ...chain, kept: chain.kept.filter(({ first }) => first >= counter) }
}

function gapBefore({ counters }: ReceivingChain, counter: number): Gap | null {
  if (counter <= counters) return null
  const first = counter - (counter % blockSize)
  const missing = counter - Math.max(counters, first)
  return { missing, possiblyMissing: counter - counters - missing }
}

/** The leaf for `counter` below a kept key, and the keys of all the others below it. */
function descend(
  from: KeptKey,
  counter: number,
): { readonly key: Uint8Array; readonly rest: readonly KeptKey[] } {
  if (from.size === 1) return { key: from.key, rest: [] }
  const size = from.size / branchSize
  const childOf = size === 1 ? leafKeyOf : branchKeyOf
  const children: KeptKey[] = []
  for (let i = 0; i < branchSize; i++) {
    const first = from.first + i * size
    children.push({ first, size, key: childOf(from.key, i), passedMs: from.passedMs })
  }
  const at = Math.floor((counter - from.first) / size)
  const { key, rest } = descend(children[at] as KeptKey, counter)
  children.splice(at, 1, ...rest)
  return { key, rest: children }
}

/** The next state: what was passed over is marked, and too much of it dropped. [TOPIC-2-5] */
function settle(
  before: ReceivingChain,
  { chainKey, block }: Pick<ReceivingChain, "chainKey" | "block">,
  kept: readonly KeptKey[],
  counter: number,
  nowMs: number,
): ReceivingChain {
  const counters = Math.max(before.counters, counter + 1)
  // In order, nothing is late, and nothing needs to be looked at.
  const firstKept = kept[0]
  if (!firstKept || firstKept.first >= counters) return { chainKey, block, counters, kept }
  const late: KeptKey[] = []
  const ahead: KeptKey[] = []
  for (const key of kept) {
    if (key.first >= counters) ahead.push(key)
    else if (key.first >= counters - lateCounters) {
      late.push(key.passedMs > 0 ? key : { ...key, passedMs: Math.max(1, nowMs) })
    }
  }
  return { chainKey, block, counters, kept: [...late.slice(-maxLateKeys), ...ahead] }
}
