import type { Contact } from "../identity/index.js"
import type { ComparedEmoji, Comparison, PeerProfile } from "../topic/pairing/index.js"
import { MessageQueue } from "./message-queue.js"

/** What a person wants when opening a pairing window. */
export interface PairingOptions {
  /** How long somebody new is heard, up to 600,000; default 60,000. */
  readonly forMs?: number
  /**
   * `show`: show a code for the other side to scan or paste. A text: the code that the other side
   * shows. Absent: two persons compare.
   */
  readonly code?: string
  /** With `show`: where to meet, for the other side to read in the code. */
  readonly address?: string
}

export interface PairingDecision {
  /** Our own name for it; default: what it calls itself, if that is free. */
  readonly petname?: string
  /** As the host: let it in as an admin, who may let in and remove others. */
  readonly asAdmin?: boolean
}

/** Somebody to decide about. Emoji and digits say the same in two ways: each is enough. */
export interface PairingRequest {
  /** What it calls itself. Proves nothing. */
  readonly name: string
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** Who that is in the contact book. */
  readonly contact: Contact | null
  /** One of our contacts has the name that it calls itself, and **another key**. Warn. */
  readonly nameClash: Contact | null
  /** A code proved who it is: nothing is to be compared, and it goes on by itself. */
  readonly isProven: boolean
  /** Seven, with names; empty when `isProven`. */
  readonly emoji: readonly ComparedEmoji[]
  /** The names of the emoji, for a voice or a log. */
  readonly words: readonly string[]
  /** Twelve, in three groups; empty when `isProven`. */
  readonly digits: string
  /** Until when it can be confirmed, milliseconds since 1970. */
  readonly untilMs: number
  /** The other side shows the same. Resolves when saved; the other person has to say so, too. */
  confirm(decision?: PairingDecision): Promise<void>
  /** The other side shows something else, or is not wanted: nothing is kept. */
  refuse(): void
  /** How it ended. */
  readonly outcome: Promise<PairingOutcome>
}

export type PairingOutcome =
  | { readonly kind: "paired"; readonly publicKey: Uint8Array }
  /** `message` says to a person what it may mean. */
  | { readonly kind: "ended"; readonly because: PairingEnd; readonly message: string }

export type PairingEnd =
  "different" | "different-there" | "stopped-there" | "timed-out" | "mismatch" | "closed" | "failed"

export type PairingClosed = "timed-out" | "closed" | "too-many-attempts" | "paired"

/** An open pairing window: whoever asks, one after the other. Never trusts by itself. */
export class Pairing implements AsyncIterable<PairingRequest> {
  /** When the window closes, milliseconds since 1970; who is shown then has more time. */
  readonly untilMs: number
  /** The code to show, if it was asked for. A secret: whoever sees it can use it. */
  readonly code: string | null
  /** Why it closed. */
  readonly closed: Promise<PairingClosed>
  readonly #requests = new MessageQueue<PairingRequest>(() => {})
  readonly #stop: () => void
  #resolveClosed: (because: PairingClosed) => void = () => {}

  /** @internal */
  constructor(untilMs: number, code: string | null, stop: () => void) {
    this.untilMs = untilMs
    this.code = code
    this.#stop = stop
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
  }

  /** Closes the window at once. */
  close(): void {
    this.#stop()
  }

  [Symbol.asyncIterator](): AsyncIterator<PairingRequest, void, void> {
    return this.#requests[Symbol.asyncIterator]()
  }

  /** @internal */
  show(request: PairingRequest): void {
    this.#requests.push(request)
  }

  /** @internal */
  end(because: PairingClosed): void {
    this.#resolveClosed(because)
    this.#requests.end()
  }
}

/** A request that the session decides; what a person sees of it is the interface. */
export class OpenRequest implements PairingRequest {
  readonly name: string
  readonly publicKey: Uint8Array
  readonly contact: Contact | null
  readonly nameClash: Contact | null
  readonly isProven: boolean
  readonly emoji: readonly ComparedEmoji[]
  readonly words: readonly string[]
  readonly digits: string
  readonly untilMs: number
  readonly outcome: Promise<PairingOutcome>
  readonly #decide: (same: boolean, decision: PairingDecision) => Promise<void>
  #resolve: (outcome: PairingOutcome) => void = () => {}

  constructor(
    profile: PeerProfile,
    comparison: Comparison | null,
    untilMs: number,
    known: { readonly contact: Contact | null; readonly nameClash: Contact | null },
    decide: (same: boolean, decision: PairingDecision) => Promise<void>,
  ) {
    this.name = profile.name
    this.publicKey = profile.publicKey
    this.contact = known.contact
    this.nameClash = known.nameClash
    this.isProven = comparison === null
    this.emoji = comparison?.emoji ?? []
    this.words = this.emoji.map(({ name }) => name)
    this.digits = comparison?.digits ?? ""
    this.untilMs = untilMs
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.#decide = decide
  }

  confirm(decision: PairingDecision = {}): Promise<void> {
    return this.#decide(true, decision)
  }

  refuse(): void {
    // A request that is over is refused already.
    this.#decide(false, {}).catch(() => {})
  }

  paired(): void {
    this.#resolve({ kind: "paired", publicKey: this.publicKey })
  }

  ended(because: PairingEnd): void {
    this.#resolve({ kind: "ended", because, message: endings[because] })
  }
}

const endings: Readonly<Record<PairingEnd, string>> = {
  different:
    "The two sides showed different emoji, so nothing was kept. Either you compared with another device, or somebody in between pretended to be it. Try again; if it happens again, pair over another channel or with a code.",
  "different-there":
    "The other person saw different emoji, so nothing was kept. Either they compared with another device, or somebody in between pretended to be you. Try again; if it happens again, pair over another channel or with a code.",
  "stopped-there": "The other side stopped. Nothing was kept.",
  "timed-out": "The other side was not heard in time, or nobody decided. Nothing was kept.",
  mismatch:
    "The other side is not who it announced to be: somebody may be in between. Nothing was kept.",
  closed: "Pairing was stopped here. Nothing was kept.",
  failed: "It could not be saved. Nothing was sent.",
}
