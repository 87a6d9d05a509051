import { fromHex, hex } from "stringphone/bytes"
import { Tally } from "../tally.js"
import type { Device } from "./device.js"
import type { Emit } from "./event.js"
import type { Names } from "./names.js"

const remembered = 256

/** Counts what the devices do not accept: each message once, though all three heard it. */
export class Rejections {
  readonly #names: Names
  readonly #tally: Tally
  /** How often each device heard it; the latest messages, in the order of their first arrival. */
  readonly #heard = new Map<string, Map<Device, number>>()

  constructor(emit: Emit, names: Names) {
    this.#names = names
    this.#tally = new Tally(10_000, (counts) => {
      for (const [what, count] of counts) {
        const [code = "", claimed] = what.split(" ")
        const name = claimed === undefined ? null : names.of(fromHex(claimed))
        emit({ event: "rejected", code, count, claimed: name })
      }
    })
  }

  /** @param claimed the key in whose name it came */
  hear(device: Device, code: string, claimed: Uint8Array | null, encoded: Uint8Array): void {
    const message = `${code} ${hex(encoded)}`
    const times = this.#heard.get(message) ?? new Map<Device, number>()
    const before = Math.max(0, ...times.values())
    const now = (times.get(device) ?? 0) + 1
    this.#heard.set(message, times.set(device, now))
    const [oldest] = this.#heard.keys()
    if (oldest !== undefined && this.#heard.size > remembered) this.#heard.delete(oldest)
    if (now > before) this.count(code, claimed)
  }

  count(code: string, claimed: Uint8Array | null = null, times = 1): void {
    // It is told a little later, with the name.
    if (claimed) void this.#names.find(claimed)
    this.#tally.count(claimed ? `${code} ${hex(claimed)}` : code, times)
  }

  stop(): void {
    this.#tally.flush()
  }
}
