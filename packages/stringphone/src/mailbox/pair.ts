import { UsageError } from "../bytes/index.js"
import { chainAfter, firstChain, pairSlot, tagsOf } from "./chain.js"
import type { SlotKey } from "./envelope.js"
import { authorshipKey } from "./root.js"
import type { Introduction } from "./wire/content.js"

/** Numbers that a receiver knows ahead of the highest one that came. [MAILBOX-2-5] */
export const windowSize = 32
/** Periods before the present one whose mail may still come. [MAILBOX-3-5] */
export const keptPeriods = 4
/** More than the clock may leap before somebody has to say that it is right. [MAILBOX-3-6] */
export const largestLeap = 2
/** Ten years of weeks: nobody computes more chains than that because of a clock. */
const mostSteps = 520

/** The keys of one direction, as the one who receives has them. */
export interface ReceivingPeriod {
  readonly period: number
  readonly chain: Uint8Array
  /** The highest number that came; -1: none. */
  readonly highest: number
}

/** Of one writer, in one period: it must not fill our memory. */
const mostNumbers = 4_096

/** How a pair began, for as long as we must say so in each letter. */
export interface FirstSlots {
  readonly introduction: Introduction
  readonly secret: Uint8Array | null
  /** Numbers of the invitation that were used. */
  readonly used: number
}

/** What we share with somebody. Immutable. spec/mailbox.md §3 */
export interface Pair {
  readonly peerKey: Uint8Array
  readonly authorshipKey: Uint8Array
  readonly hasSecret: boolean
  readonly firstPeriod: number
  /** Not `null` until something came back. */
  readonly first: FirstSlots | null
  readonly sending: { readonly period: number; readonly chain: Uint8Array; readonly next: number }
  /** Oldest first. */
  readonly receiving: readonly ReceivingPeriod[]
  readonly lastMailDay: number
  /** We have written to it. */
  readonly hasWritten: boolean
  /** Of the address with which we began it; `null`: the other side did. */
  readonly begunBy: Uint8Array | null
}

export function newPair(
  root: Uint8Array,
  own: Uint8Array,
  peerKey: Uint8Array,
  firstPeriod: number,
  facts: Pick<Pair, "hasSecret" | "first" | "lastMailDay">,
): Pair {
  const chain = firstChain(root, peerKey, own)
  return {
    ...facts,
    hasWritten: false,
    begunBy: facts.first && facts.first.introduction.prekey,
    peerKey,
    firstPeriod,
    authorshipKey: authorshipKey(root),
    sending: { period: firstPeriod, chain: firstChain(root, own, peerKey), next: 0 },
    receiving: [{ period: firstPeriod, chain, highest: -1 }],
  }
}

/** It came by an invitation of ours: the other side had the secret, and began. */
export function isInvited({ begunBy, hasSecret }: Pair): boolean {
  return hasSecret && begunBy === null
}

/**
 * The keys of these periods are there, and of no others: what is before the first is gone for good.
 * A later one is always made from the one before it, so a leap of the clock can be undone.
 */
export function moveOn(pair: Pair, wanted: readonly number[]): Pair {
  const first = pair.receiving[0]?.period ?? Infinity
  const possible = wanted.filter((period) => period >= first)
  // On most days nothing ends and nothing begins.
  if (possible.join() === pair.receiving.map(({ period }) => period).join()) return pair
  const receiving: ReceivingPeriod[] = []
  for (const period of wanted) {
    const before = [...pair.receiving, ...receiving].filter((one) => one.period <= period)
    const nearest = before.sort((a, b) => b.period - a.period)[0]
    if (!nearest) continue
    const steps = period - nearest.period
    if (steps > mostSteps) return pair
    const chain = chainAfter(nearest.chain, steps)
    receiving.push(steps === 0 ? nearest : { period, chain, highest: -1 })
  }
  return receiving.length > 0 ? { ...pair, receiving } : pair
}

/** The periods whose mail may come. A clock that leapt may be wrong, or right. [MAILBOX-3-6] */
export function wantedPeriods(known: number, now: number): readonly number[] {
  const around = (period: number): readonly number[] =>
    Array.from({ length: keptPeriods + 2 }, (_, i) => period - keptPeriods + i)
  return [...new Set([...around(known), ...around(Math.max(known, now))])].sort((a, b) => a - b)
}

/** The chain that we write with is that of this period; those before are gone. [MAILBOX-3-5] */
export function moveSending(pair: Pair, period: number): Pair {
  const { sending } = pair
  const steps = period - sending.period
  if (steps <= 0) return pair
  return { ...pair, sending: { period, chain: chainAfter(sending.chain, steps), next: 0 } }
}

/**
 * The slot for our next letter, in this period or the one in which we wrote last. [MAILBOX-3-6]
 * @throws {UsageError} `too-many-letters`
 */
export function takeSendingSlot(
  before: Pair,
  period: number,
  ephemeralKey: Uint8Array,
): { readonly pair: Pair; readonly slot: SlotKey } {
  const pair = moveSending(before, period)
  const { chain, next } = pair.sending
  if (next >= mostNumbers) {
    throw new UsageError(
      "too-many-letters",
      `Nobody takes more than ${mostNumbers} letters a week of one writer. Wait, or write longer ones.`,
    )
  }
  const slot = pairSlot(tagsOf(chain), next, ephemeralKey)
  return { pair: { ...pair, sending: { ...pair.sending, next: next + 1 }, hasWritten: true }, slot }
}

/**
 * How many numbers of a period, from 0, may come. Those that came may come again: from a device whose store was
 * restored from a copy. What was shown is known by its message ID. [MAILBOX-4-4]
 */
export function expectedCount({ highest }: ReceivingPeriod): number {
  return Math.min(highest + 1 + windowSize, mostNumbers)
}

/** A letter with this number came. */
export function came(pair: Pair, period: number, number: number, today: number): Pair {
  const receiving = pair.receiving.map((one) =>
    one.period === period ? { ...one, highest: Math.max(one.highest, number) } : one,
  )
  return { ...pair, receiving, first: null, lastMailDay: today }
}

export function periodIn(pair: Pair, period: number): ReceivingPeriod | null {
  return pair.receiving.find((one) => one.period === period) ?? null
}
