import { concat, hex, sameBytes } from "../bytes/index.js"
import type { Binding } from "./data-message.js"
import type { ReceivingChain } from "./receiving-keys.js"
import type { EpochKeys } from "./schedule.js"
import type { SendingChain } from "./sending-keys.js"
import type { Participant, RekeyBody } from "./wire/rekey.js"

/** One epoch as one participant has it. The epoch secret is gone. */
export interface Epoch {
  readonly body: RekeyBody
  readonly commitment: Uint8Array
  /** When another one took its place, milliseconds since 1970; `null`: it is the current one. */
  readonly endedMs: number | null
  /** Our own tag. */
  readonly ownTag: number
  /** All others, by tag. */
  readonly senders: ReadonlyMap<number, Sender>
}

/** Another participant, as the source of messages. What a genuine message changes is changed here. */
export interface Sender {
  readonly publicKey: Uint8Array
  readonly joinId: Uint8Array
  readonly tag: number
  chain: ReceivingChain
  /** Of the highest message accepted, 8 bytes; zeros: none yet. */
  guard: Uint8Array
  /** Far jumps that proved false, in a row. [TOPIC-2-6] */
  falseJumps: number
  /** We are an old copy: nothing of it counts until it answered our challenge. [TOPIC-4-3] */
  mustAnswer: boolean
}

/** The epoch, and where our own messages in it begin. */
export function beginEpoch(
  body: RekeyBody,
  keys: EpochKeys,
  ownKey: Uint8Array,
): { readonly epoch: Epoch; readonly sending: SendingChain } {
  const senders = new Map<number, Sender>()
  let own = { tag: 0, chainKey: new Uint8Array(32) as Uint8Array }
  body.participants.forEach(({ joinId, publicKey }, i) => {
    const { chainKey, tag } = keys.senders[i] as EpochKeys["senders"][number]
    if (sameBytes(publicKey, ownKey)) own = { tag, chainKey }
    else {
      const chain = { chainKey, block: 0, counters: 0, kept: [] }
      const guard = new Uint8Array(8)
      senders.set(tag, { publicKey, joinId, tag, chain, guard, falseJumps: 0, mustAnswer: false })
    }
  })
  const { commitment } = keys
  return {
    epoch: { body, commitment, endedMs: null, ownTag: own.tag, senders },
    sending: { chainKey: own.chainKey, block: 0 },
  }
}

/** What all data messages of an epoch on one channel are bound to. */
export function bindingOf(epoch: Epoch, context: Uint8Array): Binding {
  return concat(epoch.commitment, context)
}

/** @returns the participant with exactly this key, or `null`. */
export function participantIn(body: RekeyBody, publicKey: Uint8Array): Participant | null {
  return body.participants.find((one) => sameBytes(one.publicKey, publicKey)) ?? null
}

/** @returns the other participant with exactly this key, or `null`. */
export function senderIn({ senders }: Epoch, publicKey: Uint8Array): Sender | null {
  return [...senders.values()].find((one) => sameBytes(one.publicKey, publicKey)) ?? null
}

/** Whether a list of bytes has these. */
export function includesBytes(list: readonly Uint8Array[], bytes: Uint8Array): boolean {
  return list.some((one) => sameBytes(one, bytes))
}

/** Each once, in the order of the first. */
export function uniqueBytes(list: readonly Uint8Array[]): readonly Uint8Array[] {
  return [...new Map(list.map((one) => [hex(one), one])).values()]
}
