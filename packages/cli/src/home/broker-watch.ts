import type { ChannelError } from "stringphone/bytes"
import type { Transport, TransportStatus } from "stringphone/transport"
import type { Emit } from "./event.js"

/** Watches the connections of all devices, and tells once when the broker goes and comes back. */
export class BrokerWatch {
  readonly #emit: Emit
  readonly #onDropped: (count: number) => void
  readonly #statuses = new Map<Transport, TransportStatus>()
  #connected: "never" | "yes" | "no" = "never"
  #failure: ChannelError | null = null
  #changed: (() => void) | null = null

  constructor(emit: Emit, onDropped: (count: number) => void) {
    this.#emit = emit
    this.#onDropped = onDropped
  }

  add(transport: Transport): void {
    this.#statuses.set(transport, transport.status)
    transport.onEvent((event) => {
      if (event.kind === "dropped") this.#onDropped(event.count)
      if (event.kind !== "status") return
      this.#statuses.set(transport, event.status)
      if (event.error) this.#failure = event.error
      this.#update()
      this.#changed?.()
    })
    this.#update()
  }

  /**
   * Waits until all are connected.
   * @returns `false` when the broker does not answer yet; it is tried again and again
   * @throws {ChannelError} `refused`, `untrusted-certificate`: trying again will not help
   */
  async reached(withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs
    for (;;) {
      const statuses = [...this.#statuses.values()]
      if (statuses.every((status) => status === "open")) return true
      if (statuses.includes("closed") && this.#failure) throw this.#failure
      const leftMs = deadline - performance.now()
      if (leftMs <= 0 || statuses.includes("reconnecting")) return false
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        this.#changed = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  #update(): void {
    const statuses = [...this.#statuses.values()]
    if (statuses.every((status) => status === "open")) {
      if (this.#connected === "no") this.#emit({ event: "status", broker: "back" })
      this.#connected = "yes"
    } else if (this.#connected !== "no" && statuses.includes("reconnecting")) {
      this.#connected = "no"
      const { code, message } = this.#failure ?? {}
      this.#emit({
        event: "status",
        broker: "lost",
        ...(code && { code }),
        ...(message && { message }),
      })
    }
  }
}
