import { hex, sameBytes } from "../../bytes/index.js"
import { type ContactBook, contactByKey, trustOf } from "../../identity/index.js"
import { isInvited, type Pair } from "../../mailbox/index.js"
import type { KeptLetter } from "./kept-letter.js"
import type { Correspondent, Letter, PairFacts } from "./mailbox-types.js"

/** What people see of letters: names and trust come from the reader's own contact book. */
export class MailboxView {
  readonly #ownKey: Uint8Array
  readonly #book: ContactBook
  readonly #pairs: readonly Pair[]

  constructor(ownKey: Uint8Array, book: ContactBook, pairs: readonly Pair[]) {
    this.#ownKey = ownKey
    this.#book = book
    this.#pairs = pairs
  }

  correspondent(publicKey: Uint8Array): Correspondent {
    const contact = contactByKey(this.#book, publicKey)
    const isSelf = sameBytes(publicKey, this.#ownKey)
    const name = isSelf ? "you" : (contact?.petname ?? hex(publicKey).slice(0, 16))
    return { publicKey, contact, name, trust: isSelf ? "self" : this.#trust(publicKey) }
  }

  pair(pair: Pair): PairFacts {
    const phase = pair.first ? "introduced" : "open"
    return { ...this.correspondent(pair.peerKey), phase, hasSecret: pair.hasSecret }
  }

  letter(kept: KeptLetter): Letter {
    const { messageId, senderKey, receiverKeys, confirmedBy, replyTo, ...facts } = kept
    return {
      ...facts,
      from: senderKey && this.correspondent(senderKey),
      to: receiverKeys.map((key) => this.correspondent(key)),
      replyTo: replyTo && hex(replyTo),
      messageId: hex(messageId),
      confirmedBy: confirmedBy.map((key) => this.correspondent(key)),
    }
  }

  #trust(publicKey: Uint8Array): Correspondent["trust"] {
    const { state } = trustOf(contactByKey(this.#book, publicKey))
    if (state !== "unknown") return state
    const hasOurs = this.#pairs.some(
      (pair) => isInvited(pair) && sameBytes(pair.peerKey, publicKey),
    )
    return hasOurs ? "invited" : "unverified"
  }
}
