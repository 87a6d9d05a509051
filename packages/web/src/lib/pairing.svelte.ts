import type { Pairing as Window, PairingRole } from "stringphone"
import { Asker } from "./asker.svelte.ts"

type Closed = Awaited<Window["closed"]>

/** How long this page hears somebody new. */
export const windowMs = 120_000

/** What is told of a pairing to those who listen to the page. */
export interface PairingListener {
  asked(asker: Asker): void
  ended(asker: Asker): void
  closed(because: Closed): void
}

/** A pairing window, ours (as `host`) or the one in which we ask (as `joiner`), and who is in it. */
export class Pairing {
  /** `null`: nothing to be shown. */
  role = $state<PairingRole | null>(null)
  isOpen = $state(false)
  /** To be scanned by the other side. */
  code = $state.raw<string | null>(null)
  /** We gave the code that the other side shows: nobody compares. */
  isCoded = $state(false)
  leftMs = $state(0)
  askers = $state.raw<readonly Asker[]>([])
  closedBecause = $state.raw<Closed | null>(null)
  readonly #listener: PairingListener
  #window: Window | null = null

  constructor(listener: PairingListener) {
    this.#listener = listener
  }

  begin(role: PairingRole, window: Window, isCoded: boolean): void {
    this.#window = window
    this.role = role
    this.isOpen = true
    this.isCoded = isCoded
    this.code = window.code
    this.askers = []
    this.closedBecause = null
    this.tick(Date.now())
    void this.#listen(window)
    void window.closed.then((because) => this.#closed(window, because))
  }

  tick(nowMs: number): void {
    if (this.isOpen) this.leftMs = Math.max(0, (this.#window?.untilMs ?? 0) - nowMs)
  }

  close(): void {
    this.#window?.close()
  }

  /** A person has seen how it ended. */
  dismiss(): void {
    if (!this.isOpen) this.role = null
  }

  async #listen(window: Window): Promise<void> {
    for await (const request of window) {
      if (this.#window !== window) return
      const asker = new Asker(request)
      this.askers = [...this.askers, asker]
      this.#listener.asked(asker)
      void request.outcome.then(() => this.#listener.ended(asker))
    }
  }

  #closed(window: Window, because: Closed): void {
    if (this.#window !== window) return
    this.#window = null
    this.isOpen = false
    this.leftMs = 0
    this.code = null
    this.closedBecause = because
    this.#listener.closed(because)
  }
}
