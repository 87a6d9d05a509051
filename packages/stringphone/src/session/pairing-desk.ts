import { hex, sameBytes, UsageError } from "../bytes/index.js"
import { randomBytes } from "../crypto/index.js"
import {
  contactByKey,
  type Identity,
  nameClash,
  trustOf,
  type VerifiedBy,
} from "../identity/index.js"
import { newRekeyKey, type RekeyKeyPair } from "../topic/index.js"
import {
  closedHost,
  type Comparison,
  decodePairingCode,
  defaultWindowMs,
  encodePairingCode,
  type EndReason,
  type HostEffect,
  type HostEvent,
  type HostProfile,
  type HostState,
  hostWakesAtMs,
  idleJoiner,
  type JoinerEffect,
  type JoinerEvent,
  type JoinerProfile,
  type JoinerState,
  joinerWakesAtMs,
  makePairingCode,
  maxWindowMs,
  type PairingCode,
  type PairingRole,
  type PeerProfile,
  stepHost,
  stepJoiner,
} from "../topic/pairing/index.js"
import type { Clock } from "../transport/index.js"
import {
  OpenRequest,
  Pairing,
  type PairingClosed,
  type PairingDecision,
  type PairingEnd,
  type PairingOptions,
} from "./pairing.js"
import { PairingDriver } from "./pairing-driver.js"
import type { Joining, StoredTopic } from "./stored-topic.js"
import { Timers } from "./timers.js"
import type { Contacts } from "./topic-events.js"
import { acceptInto } from "./trust.js"
import { epochSlot } from "./topic-duties.js"

interface DeskOptions {
  readonly identity: Identity
  readonly ownName: string
  readonly stored: StoredTopic
  readonly contacts: Contacts
  readonly clock: Clock
  readonly wallClock: () => number
  readonly transmit: (encoded: Uint8Array, retain?: string) => Promise<void>
  /** A new epoch was made. */
  readonly onRekeyed: () => void
  readonly onError: (error: unknown) => void
}

interface Window {
  readonly code: PairingCode | null
  readonly nowMs: number
  readonly forMs: number
}

/** What a person decided about a session, kept until it is paired. */
interface Shown {
  readonly request: OpenRequest
  decision: PairingDecision
  readonly verifiedBy: VerifiedBy
}

/** Lets others in, as a host, or asks to be let in, as a joiner: spec/topic.md §9 with a person. */
export class PairingDesk {
  readonly #options: DeskOptions
  readonly #host: PairingDriver<HostState, HostEvent, HostEffect>
  readonly #joiner: PairingDriver<JoinerState, JoinerEvent, JoinerEffect>
  readonly #timers: readonly Timers[]
  readonly #shown = new Map<string, Shown>()
  #pairing: Pairing | null = null
  #rekeyKey: RekeyKeyPair | null = null
  /** What was saved of another attempt when this one began to count. */
  #before: { readonly joining: Joining | null } | null = null
  /** Whose profile said what, until their rekey message came. */
  #expected: { readonly session: Uint8Array; readonly profile: HostProfile } | null = null

  constructor(options: DeskOptions) {
    this.#options = options
    const { clock, identity, onError, ownName, stored, wallClock } = options
    const [hostTimers, joinerTimers] = [new Timers(clock), new Timers(clock)]
    this.#timers = [hostTimers, joinerTimers]
    const common = { nowMs: wallClock, onError }
    const signer = { signer: identity, random: randomBytes, name: ownName }
    this.#host = new PairingDriver<HostState, HostEvent, HostEffect>({
      ...common,
      initial: closedHost,
      timers: hostTimers,
      step: (state, event) => {
        const { epoch = 0, id = new Uint8Array(16), name = "" } = stored.topic ?? {}
        return stepHost(state, event, { ...signer, topicId: id, epoch, topicName: name })
      },
      wakesAtMs: hostWakesAtMs,
      tick: (nowMs) => ({ kind: "tick", nowMs }),
      perform: (effect) => this.#performHost(effect),
    })
    this.#joiner = new PairingDriver<JoinerState, JoinerEvent, JoinerEffect>({
      ...common,
      initial: idleJoiner,
      timers: joinerTimers,
      step: (state, event) => {
        const { publicKey: rekeyKey = new Uint8Array(32), serial = 0 } = this.#rekeyKey ?? {}
        return stepJoiner(state, event, { ...signer, serial, rekeyKey })
      },
      wakesAtMs: joinerWakesAtMs,
      tick: (nowMs) => ({ kind: "tick", nowMs }),
      perform: (effect) => this.#performJoiner(effect),
    })
  }

  /**
   * Opens a window in which others can ask to be let in.
   * @throws {UsageError} `not-an-admin`, `bad-window`, `bad-pairing-code`
   */
  async openHost(options: PairingOptions): Promise<Pairing> {
    if (!this.#options.stored.topic?.isAdmin) {
      throw new UsageError("not-an-admin", "Only an admin of this topic can let others in.")
    }
    return this.#open("host", options, (window) => this.#host.happen({ kind: "open", ...window }))
  }

  /**
   * Asks to be let in.
   * @throws {UsageError} `topic-exists`, `bad-window`, `bad-pairing-code`
   */
  async openJoiner(options: PairingOptions): Promise<Pairing> {
    const { stored, wallClock } = this.#options
    if (stored.topic && stored.topic.standing !== "removed") {
      throw new UsageError("topic-exists", "There is a topic here already. Choose another name.")
    }
    return this.#open("joiner", options, (window) => {
      this.#rekeyKey = newRekeyKey(wallClock())
      return this.#joiner.happen({ kind: "open", ...window })
    })
  }

  /** A pairing message came. */
  hear(bytes: Uint8Array): void {
    const nowMs = this.#options.wallClock()
    this.#host.hear({ kind: "heard", nowMs, bytes })
    this.#joiner.hear({ kind: "heard", nowMs, bytes })
  }

  /** The rekey message by which we joined was applied. */
  async joined(host: Uint8Array): Promise<void> {
    const expected = this.#expected
    this.#expected = null
    const shown = expected && this.#shown.get(hex(expected.session))
    if (shown && sameBytes(expected.profile.publicKey, host)) {
      await this.#trust(shown, expected.profile)
      this.#shown.delete(hex(expected.session))
      shown.request.paired()
    }
    this.#rekeyKey = null
    this.#before = null
    await this.#joiner.happen({ kind: "joined" })
    this.#end("paired")
  }

  async close(): Promise<void> {
    await this.#stop()
    for (const timers of this.#timers) timers.close()
  }

  async #open(
    role: PairingRole,
    { address = "", code: text, forMs = defaultWindowMs }: PairingOptions,
    open: (window: Window) => Promise<void>,
  ): Promise<Pairing> {
    const { identity, wallClock } = this.#options
    const code =
      text === undefined
        ? null
        : text === "show"
          ? makePairingCode(role, identity.publicKey, address, randomBytes)
          : decodePairingCode(text)
    if (!(forMs > 0 && forMs <= maxWindowMs)) {
      throw new UsageError("bad-window", "A pairing window is open for up to 10 minutes.")
    }
    // What was open ends before: its last effects must not reach the new window.
    do await this.#stop()
    while (this.#pairing)
    const nowMs = wallClock()
    void open({ code, nowMs, forMs })
    const shownCode = text === "show" && code ? encodePairingCode(code) : null
    const pairing = new Pairing(nowMs + forMs, shownCode, () => {
      if (this.#pairing === pairing) void this.#stop()
    })
    this.#pairing = pairing
    return pairing
  }

  async #stop(): Promise<void> {
    await Promise.all([
      this.#host.happen({ kind: "close" }),
      this.#joiner.happen({ kind: "close" }),
    ])
    this.#end("closed")
  }

  #end(because: PairingClosed): void {
    const pairing = this.#pairing
    this.#pairing = null
    pairing?.end(because)
  }

  async #performHost(effect: HostEffect): Promise<void> {
    switch (effect.kind) {
      case "send":
        return this.#options.transmit(effect.bytes)
      case "compare":
        return this.#show("host", effect.session, effect.profile, effect.comparison, effect.untilMs)
      case "scanned":
        return this.#show("host", effect.session, effect.profile, null, Infinity)
      case "ready":
        return this.#admit(effect.session, effect.profile)
      case "ended":
        return this.#ended(effect.session, effect)
      case "closed":
        return this.#end(effect.because)
      case "waiting":
      case "crowded":
        return
    }
  }

  async #performJoiner(effect: JoinerEffect): Promise<void> {
    switch (effect.kind) {
      case "send":
        return this.#options.transmit(effect.bytes)
      case "compare":
        return this.#show(
          "joiner",
          effect.session,
          effect.profile,
          effect.comparison,
          effect.untilMs,
        )
      case "scanned":
        if (await this.#isRevoked(effect.profile.publicKey)) return void this.#stop()
        return this.#show("joiner", effect.session, effect.profile, null, Infinity)
      case "ready": {
        const { profile, session } = effect
        const { publicKey, topicId } = profile
        this.#expected = { session, profile }
        const rekeyKey = this.#rekeyKey as RekeyKeyPair
        this.#before ??= { joining: this.#options.stored.joining }
        await this.#options.stored.setJoining({ rekeyKey, host: { publicKey, topicId } })
        return
      }
      case "ended": {
        if (this.#expected && sameBytes(this.#expected.session, effect.session)) {
          this.#expected = null
          // What was asked for offline before still stands.
          await this.#options.stored.setJoining(this.#before?.joining ?? null)
          this.#before = null
        }
        await this.#ended(effect.session, effect)
        // A joiner asks one host; whatever became of it, this window is over.
        if (this.#joiner.state.phase === "idle") {
          this.#end(effect.because === "timed-out" ? "timed-out" : "closed")
        }
        return
      }
    }
  }

  async #show(
    role: PairingRole,
    session: Uint8Array,
    profile: PeerProfile,
    comparison: Comparison | null,
    untilMs: number,
  ): Promise<void> {
    const book = await this.#options.contacts.contacts()
    const known = {
      contact: contactByKey(book, profile.publicKey),
      nameClash: nameClash(book, profile.name, profile.publicKey),
    }
    const request = new OpenRequest(profile, comparison, untilMs, known, (same, decision) =>
      this.#decide(role, session, same, decision),
    )
    const verifiedBy = comparison ? "emoji" : "code"
    this.#shown.set(hex(session), { request, decision: {}, verifiedBy })
    this.#pairing?.show(request)
  }

  async #decide(
    role: PairingRole,
    session: Uint8Array,
    same: boolean,
    decision: PairingDecision,
  ): Promise<void> {
    const shown = this.#shown.get(hex(session))
    if (!shown) {
      throw new UsageError("no-such-request", "This request is over. Start pairing again.")
    }
    if (same) {
      // A wrong petname, or a revoked key, is to be known before anything is sent.
      const { contacts, wallClock } = this.#options
      shown.decision = decision
      acceptInto(await contacts.contacts(), shown.request.publicKey, acceptance(shown), wallClock())
    }
    const event = { kind: "decide", nowMs: this.#options.wallClock(), session, same } as const
    await (role === "host" ? this.#host.happen(event) : this.#joiner.happen(event))
  }

  /** Both persons said yes: trust it, let it in, tell everyone. */
  async #admit(session: Uint8Array, profile: JoinerProfile): Promise<void> {
    const { onError, onRekeyed, stored, transmit, wallClock } = this.#options
    const shown = this.#shown.get(hex(session))
    if (!shown) return
    try {
      const { publicKey, rekeyKey, serial } = profile
      const isAdmin = shown.decision.asAdmin ?? false
      const admit = [{ publicKey, rekeyKey, serial, isAdmin }]
      const rekey = await stored.change((topic) => topic.change({ admit }, wallClock()))
      // It is in; whether the channel takes the news now or when it is asked again does not matter.
      this.#shown.delete(hex(session))
      const nowMs = wallClock()
      void this.#host.happen({ kind: "admitted", nowMs, session, rekey })
      await this.#trust(shown, profile).catch(onError)
      await transmit(rekey, epochSlot).catch(onError)
      shown.request.paired()
      onRekeyed()
    } catch (error) {
      this.#shown.delete(hex(session))
      shown.request.ended("failed")
      onError(error)
    }
  }

  async #isRevoked(publicKey: Uint8Array): Promise<boolean> {
    const book = await this.#options.contacts.contacts()
    return trustOf(contactByKey(book, publicKey)).state === "revoked"
  }

  async #trust(shown: Shown, profile: PeerProfile): Promise<void> {
    const { contacts, wallClock } = this.#options
    await contacts.updateContacts((book) =>
      acceptInto(book, profile.publicKey, acceptance(shown), wallClock()),
    )
  }

  async #ended(session: Uint8Array, reason: EndReason): Promise<void> {
    const shown = this.#shown.get(hex(session))
    this.#shown.delete(hex(session))
    shown?.request.ended(endOf(reason))
  }
}

function acceptance({ decision, request, verifiedBy }: Shown): {
  readonly petname?: string
  readonly suggested?: string
  readonly verifiedBy: VerifiedBy
} {
  const { petname } = decision
  return { ...(petname && { petname }), suggested: request.name, verifiedBy }
}

function endOf(reason: EndReason): PairingEnd {
  if (reason.because !== "cancelled-by-peer") return reason.because
  return reason.reason === "different" ? "different-there" : "stopped-there"
}
