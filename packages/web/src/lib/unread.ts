import { sameBytes } from "stringphone/bytes"
import { Message, type ParticipantId } from "stringphone/topic/classic"

/** What this phone is at the moment, as far as it decides what it does with a message. */
export interface Reader {
  readonly ownId: Uint8Array
  readonly hasKey: boolean
  readonly pairing: boolean
}

/** Why a message was neither opened nor refused, in a sentence. */
export function unreadBecause(bytes: Uint8Array, reader: Reader): string {
  const message = wellFormed(bytes)
  if (!message) return "This is no classic message."
  if (sameBytes(message.senderId, reader.ownId)) {
    return "Our own message: the broker sends everything to everyone, and so back to us."
  }
  switch (message.type) {
    case "s":
      return reader.hasKey
        ? "Arrived before this phone had the topic key."
        : "Unreadable: this phone has no topic key. Pair it with the home to read along."
    case "i":
      if (!reader.pairing) return "Asks for the topic key. The pairing window is closed: ignored."
      return reader.hasKey
        ? "Asks for the topic key. Nothing is given before you say yes in the pairing window."
        : "Asks for the topic key, which this phone has not got either."
    case "r":
      if (!sameBytes(message.recipientId, reader.ownId)) {
        return "Gives the topic key to somebody else. Only they can open it."
      }
      return reader.pairing
        ? "Offers the topic key. Nothing is taken before you say yes in the pairing window."
        : "Offers the topic key. The pairing window is closed: ignored."
  }
}

/** Whom a message names as its sender, or `null`. Not verified: anyone can write anything. */
export function claimedSender(bytes: Uint8Array): ParticipantId | null {
  return wellFormed(bytes)?.senderId ?? null
}

function wellFormed(bytes: Uint8Array): Message | null {
  try {
    return new Message(bytes)
  } catch {
    return null
  }
}
