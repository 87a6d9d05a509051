import { expect } from "vitest"
import { concat, u32, utf8 } from "../../src/bytes/index.js"
import { exchangePublicKey, hash } from "../../src/crypto/index.js"
import { Identity } from "../../src/identity/index.js"
import {
  closedHost,
  type HostContext,
  type HostEffect,
  type HostEvent,
  type HostState,
  idleJoiner,
  type JoinerContext,
  type JoinerEffect,
  type JoinerEvent,
  type JoinerState,
  type PairingCode,
  stepHost,
  stepJoiner,
} from "../../src/topic/pairing/index.js"

/** Bytes that look random and are the same in every run. */
export function seededRandom(seed: string): (length: number) => Uint8Array {
  let drawn = 0
  return (length) => hash(concat(utf8(seed), u32(drawn++))).slice(0, length)
}

const identities = new Map<string, Identity>()

/** The same one for the same name. */
export function identityOf(name: string): Identity {
  const identity = identities.get(name) ?? new Identity(hash(utf8(name)))
  identities.set(name, identity)
  return identity
}

export function joinerContext(name: string, seed: string = name): JoinerContext {
  const rekeyKey = exchangePublicKey(hash(utf8(`rekey ${name}`)))
  const random = seededRandom(`joiner ${seed}`)
  return { signer: identityOf(name), random, name, serial: 1_700_000_000_000, rekeyKey }
}

export function hostContext(name: string, seed: string = name): HostContext {
  const random = seededRandom(`host ${seed}`)
  const topicId = new Uint8Array(16).fill(0x70)
  return { signer: identityOf(name), random, name, topicId, epoch: 7, topicName: "Kitchen" }
}

/** One machine with its memory. Each step is checked to change nothing in place. */
class Device<State, Event, Effect extends { readonly kind: string }> {
  readonly #step: (state: State, event: Event) => readonly [State, readonly Effect[]]
  /** All effects so far. */
  readonly log: Effect[] = []
  /** What it sent and nobody took yet. */
  #outgoing: Uint8Array[] = []
  state: State
  nowMs = 0

  constructor(
    state: State,
    step: (state: State, event: Event) => readonly [State, readonly Effect[]],
  ) {
    this.state = state
    this.#step = step
  }

  run(event: Event): readonly Effect[] {
    const before = structuredClone(this.state)
    const old = this.state
    try {
      const [next, effects] = this.#step(old, event)
      this.state = next
      this.log.push(...effects)
      for (const effect of effects) {
        if ("bytes" in effect) this.#outgoing.push(effect.bytes as Uint8Array)
      }
      return effects
    } finally {
      expect(old).toEqual(before)
    }
  }

  /** What it sent since the last time. */
  take(): Uint8Array[] {
    const taken = this.#outgoing
    this.#outgoing = []
    return taken
  }

  /** The one message that it sent since the last time. */
  takeOne(): Uint8Array {
    const taken = this.take()
    expect(taken.length).toBe(1)
    return taken[0]!
  }

  kinds(): string[] {
    return this.log.map(({ kind }) => kind)
  }

  find<Kind extends Effect["kind"]>(kind: Kind): Extract<Effect, { kind: Kind }> | undefined {
    return this.log.findLast((effect) => effect.kind === kind) as
      Extract<Effect, { kind: Kind }> | undefined
  }

  get<Kind extends Effect["kind"]>(kind: Kind): Extract<Effect, { kind: Kind }> {
    const effect = this.find(kind)
    if (!effect) throw new Error(`No ${kind} among ${this.kinds().join(", ")}.`)
    return effect
  }
}

export class Joiner extends Device<JoinerState, JoinerEvent, JoinerEffect> {
  readonly context: JoinerContext

  constructor(name = "Joiner", seed?: string) {
    const context = joinerContext(name, seed)
    super(idleJoiner, (state, event) => stepJoiner(state, event, context))
    this.context = context
  }

  open(code: PairingCode | null = null, forMs = 60_000): this {
    this.run({ kind: "open", nowMs: this.nowMs, forMs, code })
    return this
  }

  hear(bytes: Uint8Array): this {
    this.run({ kind: "heard", nowMs: this.nowMs, bytes })
    return this
  }

  tick(nowMs: number): this {
    this.nowMs = nowMs
    this.run({ kind: "tick", nowMs })
    return this
  }

  decide(same: boolean, session = this.get("compare").session): this {
    this.run({ kind: "decide", nowMs: this.nowMs, session, same })
    return this
  }
}

export class Host extends Device<HostState, HostEvent, HostEffect> {
  readonly context: HostContext

  constructor(name = "Host", seed?: string) {
    const context = hostContext(name, seed)
    super(closedHost, (state, event) => stepHost(state, event, context))
    this.context = context
  }

  open(code: PairingCode | null = null, forMs = 60_000): this {
    this.run({ kind: "open", nowMs: this.nowMs, forMs, code })
    return this
  }

  hear(bytes: Uint8Array): this {
    this.run({ kind: "heard", nowMs: this.nowMs, bytes })
    return this
  }

  tick(nowMs: number): this {
    this.nowMs = nowMs
    this.run({ kind: "tick", nowMs })
    return this
  }

  decide(same: boolean, session = this.get("compare").session): this {
    this.run({ kind: "decide", nowMs: this.nowMs, session, same })
    return this
  }

  /** Who is in a session now. */
  get currentPhase(): string | null {
    return this.state.phase === "open" ? (this.state.current?.phase ?? null) : this.state.phase
  }
}

/** Both know each other and show the comparison; the messages that it took, '1' to '4'. */
export function compared(joiner: Joiner, host: Host): readonly Uint8Array[] {
  const offer = joiner.open().takeOne()
  const answer = host.hear(offer).takeOne()
  const joinerReveal = joiner.hear(answer).takeOne()
  const hostReveal = host.hear(joinerReveal).takeOne()
  joiner.hear(hostReveal)
  return [offer, answer, joinerReveal, hostReveal]
}

export function sessionOf(message: Uint8Array): Uint8Array {
  return message.slice(1, 17)
}
