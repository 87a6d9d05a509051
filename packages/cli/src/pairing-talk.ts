import type { Pairing, PairingDecision, PairingOutcome, PairingRequest } from "stringphone"
import { UsageError } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import { contactByKey } from "stringphone/identity"
import type { Context } from "./context.js"
import { nameOf } from "./member.js"
import { outcomeText, reportRequest, requestText } from "./pairing-screen.js"
import { reportKey } from "./person.js"
import { listenToKeys } from "./terminal/keys.js"
import { StatusLine } from "./terminal/status-line.js"

export interface PairingTalkOptions {
  readonly context: Context
  readonly ring: KeyRing
  readonly pairing: Pairing
  readonly role: "host" | "joiner"
  readonly decision: PairingDecision
  /** Whether there is somebody to ask: stdin was not needed for a code. */
  readonly asks: boolean
  /** Go on after the first one. */
  readonly many: boolean
  readonly interrupt: () => void
}

/**
 * One open window: shows who asks, takes y and n, counts down, and tells how each one ended. Only a
 * person's y, or a code that proved itself, lets anybody in.
 */
export class PairingTalk {
  readonly #options: PairingTalkOptions
  readonly #status = new StatusLine(process.stderr)
  readonly #paired: Uint8Array[] = []
  #answer: ((same: boolean) => void) | null = null
  #isDeaf = false

  constructor(options: PairingTalkOptions) {
    this.#options = options
    this.#isDeaf = !options.asks
  }

  /** @returns the keys of those with whom it was completed */
  async run(): Promise<readonly Uint8Array[]> {
    const { asks, many, pairing } = this.#options
    const stopKeys = asks ? this.#listen() : () => {}
    const ticking = setInterval(() => this.#tick(), 1_000)
    try {
      this.#tick()
      for await (const request of pairing) {
        await this.#meet(request)
        if (this.#paired.length > 0 && !many) break
      }
      return this.#paired
    } finally {
      clearInterval(ticking)
      this.#status.end()
      stopKeys()
      pairing.close()
    }
  }

  #listen(): () => void {
    const press = (key: string): void => {
      if (key === "\x03") return this.#options.interrupt()
      if (/^[yn]$/i.test(key)) this.#answer?.(key.toLowerCase() === "y")
    }
    return listenToKeys(process.stdin, press, () => {
      this.#isDeaf = true
      this.#answer?.(false)
    })
  }

  async #meet(request: PairingRequest): Promise<void> {
    const { role } = this.#options
    this.#say(requestText(role, request), reportRequest(role, request))
    const same = request.isProven || (await this.#decided(request))
    if (same === true) await this.#confirm(request)
    else if (same === false) request.refuse()
    const outcome = await request.outcome
    if (outcome.kind === "paired") this.#paired.push(outcome.publicKey)
    await this.#tell(request, outcome)
  }

  async #confirm(request: PairingRequest): Promise<void> {
    try {
      await request.confirm(this.#options.decision)
    } catch (error) {
      // With a code it may be over already.
      if (request.isProven && error instanceof UsageError && error.code === "no-such-request")
        return
      request.refuse()
      throw error
    }
    if (request.isProven) return
    this.#say("Waiting for the other side to say so, too.", { event: "confirmed" })
  }

  /** @returns `null`: it ended before the person said anything */
  async #decided(request: PairingRequest): Promise<boolean | null> {
    if (this.#isDeaf) {
      request.refuse()
      throw new UsageError(
        "no-terminal",
        "Nobody is there to compare. Run this in a terminal, or pair with a code.",
      )
    }
    const answer = new Promise<boolean>((resolve) => {
      this.#answer = resolve
    })
    const decided = await Promise.race([answer, request.outcome.then(() => null)])
    this.#answer = null
    return decided
  }

  async #tell({ publicKey }: PairingRequest, outcome: PairingOutcome): Promise<void> {
    const contact = contactByKey(await this.#options.ring.contacts(), publicKey)
    const text = outcomeText(outcome, nameOf(publicKey, contact))
    if (outcome.kind === "ended") {
      return this.#say(text, { event: "ended", because: outcome.because, message: text })
    }
    const petname = contact?.petname ?? null
    this.#say(text, { event: "paired", petname, key: reportKey(publicKey) })
  }

  #say(text: string, event: object): void {
    this.#status.show("")
    this.#options.context.print(text, event)
  }

  #tick(): void {
    const { pairing, role } = this.#options
    const seconds = Math.round((pairing.untilMs - Date.now()) / 1_000)
    const what = role === "host" ? "Others can ask" : "Asking"
    if (seconds > 0 && !this.#answer) {
      this.#status.show(`${what} for ${seconds} s more; Ctrl-C stops it.`)
    }
  }
}
