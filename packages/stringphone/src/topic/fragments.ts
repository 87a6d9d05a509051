import { concat, hex, PeerError, UsageError } from "../bytes/index.js"
import { encodeFragment, type Fragment, fragmentOverhead } from "./wire/fragment.js"

const maxPieces = 256
const maxUnfinished = 16
const maxHeldBytes = 1_048_576
const keepMs = 30_000

/**
 * Cuts a message for a channel that takes at most `maxBytes` at once, spec/topic.md §5. A message
 * that fits is left whole.
 *
 * @param messageId 4 random bytes
 * @throws {UsageError} `message-too-large` when 256 pieces are not enough
 */
export function cut(
  message: Uint8Array,
  maxBytes: number,
  messageId: Uint8Array,
): readonly Uint8Array[] {
  if (message.length <= maxBytes) return [message]
  const size = maxBytes - fragmentOverhead
  const count = Math.ceil(message.length / size)
  if (size < 1 || count > maxPieces) {
    throw new UsageError(
      "message-too-large",
      `A message of ${message.length} bytes does not go through in ${maxPieces} pieces of ${maxBytes}.`,
    )
  }
  return Array.from({ length: count }, (_, index) =>
    encodeFragment({
      messageId,
      index,
      last: count - 1,
      piece: message.subarray(index * size, (index + 1) * size),
    }),
  )
}

interface Unfinished {
  readonly sinceMs: number
  readonly pieces: (Uint8Array | undefined)[]
  missing: number
  bytes: number
}

/** Puts pieces together again; what it holds is bounded. [TOPIC-5-2] */
export class Reassembly {
  /** In the order of arrival of their first piece. */
  readonly #unfinished = new Map<string, Unfinished>()
  #heldBytes = 0

  /**
   * @returns the whole message, or `null` while pieces are missing.
   * @throws {PeerError} `malformed`: it contradicts the other pieces; it was dropped
   */
  add({ index, last, messageId, piece }: Fragment, nowMs: number): Uint8Array | null {
    this.forget(nowMs)
    const id = hex(messageId)
    const message = this.#unfinished.get(id) ?? {
      sinceMs: nowMs,
      pieces: new Array<Uint8Array | undefined>(last + 1).fill(undefined),
      missing: last + 1,
      bytes: 0,
    }
    const size = message.pieces.find((held, i) => held && i < last)?.length
    const isOdd =
      index < last
        ? piece.length !== (size ?? piece.length) ||
          piece.length < (message.pieces[last]?.length ?? 0)
        : piece.length > (size ?? piece.length)
    if (message.pieces.length !== last + 1 || isOdd) {
      throw new PeerError("malformed", "Malformed fragment: it contradicts another one.")
    }
    if (message.pieces[index]) return null
    message.pieces[index] = piece
    message.missing -= 1
    message.bytes += piece.length
    this.#heldBytes += piece.length
    this.#unfinished.set(id, message)
    if (message.missing === 0) {
      this.#drop(id)
      return concat(...(message.pieces as Uint8Array[]))
    }
    while (this.#unfinished.size > maxUnfinished || this.#heldBytes > maxHeldBytes)
      this.#dropOldest()
    return null
  }

  /** Drops what waited too long. */
  forget(nowMs: number): void {
    for (const [id, { sinceMs }] of this.#unfinished) {
      if (nowMs - sinceMs < keepMs) return
      this.#drop(id)
    }
  }

  #dropOldest(): void {
    const [id] = this.#unfinished.keys()
    if (id !== undefined) this.#drop(id)
  }

  #drop(id: string): void {
    this.#heldBytes -= this.#unfinished.get(id)?.bytes ?? 0
    this.#unfinished.delete(id)
  }
}
