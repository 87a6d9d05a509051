import { hex } from "stringphone/bytes"
import { Tally } from "../tally.js"
import type { Device } from "./device.js"
import type { Emit } from "./event.js"

const remembered = 256

/** Counts what the devices do not accept: each message once, though all three heard it. */
export class Rejections {
  readonly #tally: Tally
  /** The latest ones in the order of arrival, and who heard each. */
  readonly #seen = new Map<string, Set<Device>>()

  constructor(emit: Emit) {
    this.#tally = new Tally(10_000, (counts) => {
      for (const [what, count] of counts) {
        const [code, claimed] = JSON.parse(what) as [string, string | null]
        emit({ event: "rejected", code, count, claimed })
      }
    })
  }

  /** @param claimed in whose name it came */
  hear(device: Device, code: string, claimed: string | null, encoded: Uint8Array): void {
    const message = `${code} ${hex(encoded)}`
    const heardBy = this.#seen.get(message)
    // From one device it is the same message once more, from another one the same time.
    const isNew = heardBy?.has(device) ?? true
    this.#seen.delete(message)
    this.#seen.set(message, isNew ? new Set([device]) : heardBy?.add(device) ?? new Set([device]))
    const [oldest] = this.#seen.keys()
    if (oldest !== undefined && this.#seen.size > remembered) this.#seen.delete(oldest)
    if (isNew) this.count(code, claimed)
  }

  count(code: string, claimed: string | null = null, times = 1): void {
    this.#tally.count(JSON.stringify([code, claimed]), times)
  }

  stop(): void {
    this.#tally.flush()
  }
}
