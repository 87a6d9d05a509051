import type { TopicSession } from "stringphone"
import { dataHeader } from "./data-header.ts"
import { describe } from "./describe.ts"

/** What this phone is at the moment, as far as it decides what it does with a message. */
export interface Reader {
  readonly standing: TopicSession["standing"]
  readonly epoch: number
  readonly isPairing: boolean
}

/** What became of a message that was neither opened nor refused. */
export interface Unread {
  /** It did its work: it was for machines, not for people. */
  readonly isTaken: boolean
  readonly sentence: string
}

const unread = (sentence: string): Unread => ({ isTaken: false, sentence })
const taken = (sentence: string): Unread => ({ isTaken: true, sentence })

/** Why there is nothing to read in a message, in a sentence. */
export function unreadBecause(bytes: Uint8Array, reader: Reader): Unread {
  const { fields, problem } = describe(bytes)
  if (problem !== null) return unread("This is no message of a topic.")
  const isInside = reader.standing === "member" || reader.standing === "waiting"
  switch (fields[0]?.value) {
    case "M":
    case "T":
    case "B":
    case "C":
      return unreadData(bytes, reader)
    case "F":
      return isInside ? taken("A piece of a longer message.") : unread("A piece of something.")
    case "K":
      return isInside
        ? taken("Says which key counts from now on, and for whom. No news for this phone.")
        : unread("A new key for those who are in the home. This phone has no slot in it.")
    case "Q":
      return isInside
        ? taken("Somebody asks for the newest key. Only who is in the home gets it.")
        : unread("Asks for a key that this phone has not got either.")
    case "X":
      return unread("Tells somebody else that they were removed.")
    default:
      return reader.isPairing
        ? taken("Pairing. It says nothing until two persons compared what they see.")
        : unread("Two others pair, or try to. This phone has no window open: ignored.")
  }
}

function unreadData(bytes: Uint8Array, { epoch, standing }: Reader): Unread {
  const header = dataHeader(bytes)
  if (standing === "outside") {
    return unread("Unreadable: this phone has no key. Pair it with the home to read along.")
  }
  if (standing === "removed") {
    return unread("Unreadable: this phone was removed, and has not got this key.")
  }
  if (header?.epoch !== (epoch & 0xffff)) {
    return unread("Of an epoch whose key this phone has not got, or has deleted.")
  }
  return header.letter === "C"
    ? taken("Genuine, and for machines only: keys, counters, and who has heard what.")
    : unread("Nothing was shown of it: of this phone itself, or of nobody in the home.")
}
