import { hex, type PeerError, sameBytes } from "stringphone/bytes"
import { participantId, UntrustedKeyError } from "stringphone/topic/classic"
import { Tally } from "../tally.js"
import type { Device } from "./device.js"
import type { Emit } from "./event.js"

const remembered = 256

/** Counts what the devices do not accept: each message once, though all three heard it. */
export class Rejections {
  readonly #tally: Tally
  /** The latest ones; in the order of arrival. */
  readonly #seen = new Set<string>()

  constructor(emit: Emit) {
    this.#tally = new Tally(10_000, (counts) => {
      for (const [code, count] of counts) emit({ event: "rejected", code, count })
    })
  }

  hear(error: PeerError, encoded: Uint8Array, devices: readonly Device[]): void {
    if (error instanceof UntrustedKeyError && isSibling(error.senderId, devices)) return
    const message = hex(encoded.subarray(0, 153))
    if (this.#seen.has(message)) return
    this.#seen.add(message)
    const [oldest] = this.#seen
    if (oldest !== undefined && this.#seen.size > remembered) this.#seen.delete(oldest)
    this.#tally.count(error.code)
  }

  /** So many came at once that some were not even read. */
  countDropped(count: number): void {
    this.#tally.count("dropped", count)
  }

  stop(): void {
    this.#tally.flush()
  }
}

/** Devices of one home do not trust each other, and hear each other all the time. */
function isSibling(senderId: Uint8Array, devices: readonly Device[]): boolean {
  return devices.some(({ publicKey }) => sameBytes(participantId(publicKey), senderId))
}
