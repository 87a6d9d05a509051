import { setImmediate } from "node:timers/promises"
import { sameBytes, UsageError } from "stringphone/bytes"
import type {
  Pairing as Window,
  PairingClosed,
  PairingOutcome,
  PairingRequest,
  TopicSession,
} from "stringphone/session"
import { reportKey } from "../person.js"
import type { Device } from "./device.js"
import type { Emit } from "./event.js"
import type { Names } from "./names.js"

export interface PairingOptions {
  /** The computer first: it lets others in. */
  readonly devices: readonly Device[]
  readonly names: Names
  readonly emit: Emit
  /** Where to meet, for who scans the code. */
  readonly address: string
  /** New phones may ask for this long. */
  readonly windowMs: number
}

/** Who answers just when one question took another's place may mean the one before. */
const settleMs = 2_000

/**
 * Opens and closes the pairing window of the computer, and puts one phone after the other before the
 * person. Who scanned the code is let in by itself; nobody else is, without an answer.
 */
export class Pairing {
  readonly #options: PairingOptions
  #window: Window | null = null
  #question: PairingRequest | null = null
  /** When a question went away without an answer. */
  #withdrawnMs = -Infinity
  /** Our person said "the same"; the other one has not. */
  #confirmed: PairingRequest | null = null

  constructor(options: PairingOptions) {
    this.#options = options
  }

  /** Milliseconds in which new phones may still ask. */
  get leftMs(): number {
    return this.#window ? Math.max(0, this.#window.untilMs - Date.now()) : 0
  }

  /** Who waits for the person's answer. */
  get question(): PairingRequest | null {
    return this.#question
  }

  /** Whether the phone's person has to say it, too. */
  get isWaiting(): boolean {
    return this.#confirmed !== null
  }

  /** @throws {UsageError} `not-an-admin` */
  async open(): Promise<void> {
    const { address, emit, windowMs } = this.#options
    await this.#end() // which is no news: another one opens
    const window = await this.#session.openPairing({ code: "show", address, forMs: windowMs })
    this.#window = window
    const seconds = Math.round(windowMs / 1000)
    emit({ event: "pairing", open: true, seconds, code: window.code ?? "" })
    void this.#meetAll(window)
    void window.closed.then((because) => this.#closed(window, because))
  }

  /** Closes the window; who waits for an answer may ask another time. */
  close(): void {
    this.#window?.close()
  }

  /** The home stops. */
  stop(): void {
    void this.#end()
  }

  /**
   * The person's answer to the question.
   * @throws {UsageError} `revoked`; the question stays
   */
  async answer(isSame: boolean): Promise<void> {
    const request = this.#question
    if (!request) return
    if (!isSame) {
      this.#question = null
      return request.refuse()
    }
    if (performance.now() - this.#withdrawnMs < settleMs) {
      return this.#options.emit({ event: "notice", level: "warning", text: anotherOne })
    }
    this.#question = null
    this.#confirmed = request
    try {
      await request.confirm({ asAdmin: this.#isFirst })
    } catch (error) {
      this.#confirmed = null
      if (error instanceof UsageError && error.code !== "no-such-request") this.#question = request
      throw error
    }
  }

  get #session(): TopicSession {
    const [computer] = this.#options.devices
    if (!computer) throw new UsageError("not-started", "This home has no computer.")
    return computer.session
  }

  /** Whether nobody but our own devices is in the topic: then who comes becomes an admin. */
  get #isFirst(): boolean {
    const { devices } = this.#options
    return this.#session
      .participants()
      .every((one) => devices.some(({ publicKey }) => sameBytes(publicKey, one.publicKey)))
  }

  async #meetAll(window: Window): Promise<void> {
    for await (const request of window) {
      if (window === this.#window) await this.#meet(request)
    }
  }

  async #meet(request: PairingRequest): Promise<void> {
    const { contact, digits, emoji, isProven, name, nameClash, publicKey } = request
    const asAdmin = this.#isFirst
    // Before anything is awaited: its decision has to be there when the phone says yes.
    const confirmed = isProven ? request.confirm({ asAdmin }) : null
    if (!isProven) this.#question = request
    this.#options.emit({
      event: "request",
      name,
      petname: contact?.petname ?? null,
      nameClash: nameClash?.petname ?? null,
      isProven,
      emoji,
      comparedDigits: digits,
      ...reportKey(publicKey),
    })
    void request.outcome.then((outcome) => this.#ended(request, outcome))
    await confirmed?.catch((error: unknown) => this.#tell(error))
  }

  async #ended(request: PairingRequest, outcome: PairingOutcome): Promise<void> {
    if (this.#question === request) {
      this.#question = null
      this.#withdrawnMs = performance.now()
    }
    if (this.#confirmed === request) this.#confirmed = null
    const { isProven, name, publicKey } = request
    const { emit, names } = this.#options
    if (outcome.kind === "ended") {
      const { because, message } = outcome
      return emit({ event: "not-paired", name, because, message, ...reportKey(publicKey) })
    }
    await Promise.all([names.refresh(), this.#session.refresh()]).catch(() => {})
    const members = this.#session.participants()
    const isAdmin = members.some((one) => one.isAdmin && sameBytes(one.publicKey, publicKey))
    emit({
      event: "paired",
      petname: names.of(publicKey),
      isAdmin,
      verifiedBy: isProven ? "code" : "emoji",
      ...reportKey(publicKey),
    })
  }

  #closed(window: Window, because: PairingClosed): void {
    if (window !== this.#window) return
    this.#forget()
    this.#options.emit({ event: "pairing", open: false, because: reasons[because] })
  }

  /** Closes it without a word, and waits until the end of it can not be taken for the next one's. */
  async #end(): Promise<void> {
    const window = this.#window
    const shown = this.#question ?? this.#confirmed
    this.#forget()
    window?.close()
    await shown?.outcome
    await setImmediate()
  }

  #forget(): void {
    this.#window = null
    this.#question = null
    this.#confirmed = null
  }

  #tell(error: unknown): void {
    if (!(error instanceof Error)) throw error
    this.#options.emit({ event: "notice", level: "warning", text: error.message })
  }
}

const anotherOne = "Another phone asks now. Compare what is shown last, then answer."

const reasons = {
  "timed-out": "time",
  closed: "person",
  paired: "person",
  "too-many-attempts": "too-many-attempts",
} as const
