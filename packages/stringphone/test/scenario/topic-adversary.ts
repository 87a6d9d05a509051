import { concat } from "../../src/bytes/index.js"
import { open } from "../../src/crypto/index.js"
import type { SavedTopic } from "../../src/topic/index.js"
import { findKey, type ReceivingChain } from "../../src/topic/receiving-keys.js"
import { openRekey } from "../../src/topic/rekey.js"
import { contextOf } from "../../src/topic/schedule.js"
import type { RekeyKeyPair } from "../../src/topic/slot.js"
import { dataTypeOf, decodeData, headerBytes } from "../../src/topic/wire/data.js"
import { rekeyType } from "../../src/topic/wire/rekey.js"
import { decodeSending, decodeState } from "../../src/topic/wire/state.js"

/** Keys of one sender in one epoch: the chain forward, and all keys that were kept of it. */
interface Keys {
  readonly commitment: Uint8Array
  readonly chain: ReceivingChain
}

/**
 * Has recorded all that was ever sent, and steals states. It tries every key in every one of them on
 * every message: kept keys, chain keys and all that follow from them, blocks to send with; and every
 * rekey key on every rekey message, with all the chains that come out of those that it opens.
 */
export class Adversary {
  readonly #keys: Keys[] = []
  readonly #rekeyKeys: RekeyKeyPair[] = []
  #context: Uint8Array = new Uint8Array(32)

  steal({ sending, state }: SavedTopic): this {
    const { membership, rekeyKeys } = decodeState(state)
    const { chain, commitment } = decodeSending(sending)
    this.#context = contextOf(membership.current.body.topicId, "")
    this.#rekeyKeys.push(...rekeyKeys)
    this.#keys.push({ commitment, chain: { ...chain, counters: 0, kept: [] } })
    for (const epoch of [membership.current, ...membership.earlier]) {
      for (const sender of epoch.senders.values()) {
        this.#keys.push({ commitment: epoch.commitment, chain: sender.chain })
      }
    }
    return this
  }

  /** @returns those messages that it can read, rekey messages among them. */
  read(transcript: readonly Uint8Array[]): Uint8Array[] {
    const rekeys = transcript.filter((bytes) => bytes[0] === rekeyType)
    const opened = rekeys.filter((bytes) => this.#openRekey(bytes))
    const data = transcript.filter((bytes) => dataTypeOf(bytes[0]))
    return [...opened, ...data.filter((bytes) => this.#openData(bytes))]
  }

  #openRekey(bytes: Uint8Array): boolean {
    const found = openRekey(bytes, this.#rekeyKeys)
    if (!found) return false
    const { commitment, senders } = found.keys
    for (const { chainKey } of senders) {
      this.#keys.push({ commitment, chain: { chainKey, block: 0, counters: 0, kept: [] } })
    }
    return true
  }

  #openData(bytes: Uint8Array): boolean {
    const { header, sealed } = decodeData(bytes)
    const nonce = concat(header.guard, new Uint8Array(16))
    return this.#keys.some(({ chain, commitment }) => {
      const key = keyIn(chain, header.counter)
      const associated = concat(bytes.subarray(0, headerBytes), commitment, this.#context)
      return key !== null && open(sealed, nonce, key, associated) !== null
    })
  }
}

function keyIn(chain: ReceivingChain, counter: number): Uint8Array | null {
  try {
    return findKey(chain, counter).key
  } catch {
    return null
  }
}
