import { dataHeader } from "./data-header.ts"

/** Which message: the session tells sender, epoch and counter in its ID, and not the bytes. */
export interface Arrival {
  /** Of a `ReceivedMessage`: `<sender>-<epoch>-<counter>-<index>`. */
  readonly id: string
}

interface Seen {
  readonly bytes: Uint8Array
  readonly tag: string
  /** The sender, once known. */
  sender: string | null
}

const maxSeen = 400

/**
 * Finds the bytes of a message that was opened. The bytes name their sender by a tag, the session by
 * its key; which tag is whose is learnt from the first message that only one can have sent.
 */
export class WireSenders {
  readonly #byPlace = new Map<string, Seen[]>()
  /** Senders by epoch and tag. */
  readonly #senders = new Map<string, string>()

  arrived(bytes: Uint8Array): void {
    const header = dataHeader(bytes)
    if (!header) return
    const { counter, epoch, tag } = header
    const place = `${epoch}-${counter}`
    this.#byPlace.set(place, [...(this.#byPlace.get(place) ?? []), { bytes, tag, sender: null }])
    const [oldest] = this.#byPlace.keys()
    if (this.#byPlace.size > maxSeen && oldest !== undefined) this.#byPlace.delete(oldest)
  }

  /** It was refused, so it is no message of whom it names. */
  rejected(bytes: Uint8Array): void {
    for (const [place, seen] of this.#byPlace) {
      const left = seen.filter((one) => one.bytes !== bytes)
      if (left.length < seen.length) this.#byPlace.set(place, left)
    }
  }

  bytesOf({ id }: Arrival): Uint8Array | null {
    const [sender = "", epoch = "", counter = ""] = id.split("-")
    const low = Number(epoch) & 0xffff
    const all = this.#byPlace.get(`${low}-${counter}`) ?? []
    const senderOf = ({ tag }: Seen): string | undefined => this.#senders.get(`${low}-${tag}`)
    const found =
      all.find((one) => one.sender === sender) ??
      all.find((one) => senderOf(one) === sender) ??
      // What is opened comes in the order in which it arrived.
      all.find((one) => one.sender === null && senderOf(one) === undefined)
    if (!found) return null
    found.sender = sender
    this.#senders.set(`${low}-${found.tag}`, sender)
    return found.bytes
  }
}
