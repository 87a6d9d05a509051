import { expect } from "vitest"
import { hex, utf8 } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import {
  openTopic,
  type ReceivedMessage,
  type TopicEvent,
  type TopicSession,
} from "../../src/session/index.js"
import type { Store } from "../../src/store/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import type { Transport } from "../../src/transport/index.js"
import { createMemoryNetwork, type Faults, SimulatedClock } from "../../src/transport/memory.js"

/** A group on a hostile network, and everything that ever happened to it. */
export class Group {
  readonly clock = new SimulatedClock()
  readonly network
  readonly members = new Map<string, Member>()
  /** Every message that anybody handed to the channel. */
  readonly sent: Uint8Array[] = []

  constructor(seed: number, faults: Faults = {}) {
    this.network = createMemoryNetwork({ clock: this.clock, seed, faults })
  }

  readonly now = (): number => 1_800_000_000_000 + this.clock.now()

  async start(name: string, options: { found?: boolean; store?: Store } = {}): Promise<Member> {
    const known = this.members.get(name)
    const member = known ?? new Member(this, name)
    this.members.set(name, member)
    await member.open(options)
    return member
  }

  get(name: string): Member {
    return this.members.get(name) as Member
  }

  /** Lets the second in by texts, as an admin does by mail. */
  async letIn(admin: string, name: string): Promise<void> {
    const [host, joiner] = [this.get(admin), this.get(name)]
    await joiner.session.acceptInvitation(host.session.invitation())
    await host.session.acceptJoinRequest(await joiner.session.joinRequest())
  }

  /** Lets time pass until all of these agree on the epoch and the roster. */
  async converge(names: readonly string[], maxMs = 900_000): Promise<void> {
    const states = (): Set<string> => new Set(names.map((name) => this.get(name).view()))
    for (let passed = 0; states().size > 1 && passed < maxMs; passed += 1_000) {
      await this.clock.advance(1_000)
    }
    expect([...states()], "everyone has one roster").toHaveLength(1)
  }

  async close(): Promise<void> {
    await Promise.all([...this.members.values()].map(({ session }) => session.close()))
  }
}

export class Member {
  readonly identity = Identity.generate()
  readonly events: TopicEvent[] = []
  /** Each payload that was shown, with its sender. */
  readonly received: ReceivedMessage[] = []
  session!: TopicSession
  store: Store = createMemoryStore()
  #run = 0
  #count = 0

  readonly group: Group
  readonly name: string

  constructor(group: Group, name: string) {
    this.group = group
    this.name = name
  }

  async open({ found = false, store }: { found?: boolean; store?: Store } = {}): Promise<void> {
    if (store) this.store = store
    const { clock, network, now, sent } = this.group
    const transport = network.connect(`${this.name} ${++this.#run}`)
    const isThisRun = (run: number): boolean => run === this.#run
    const run = this.#run
    this.session = await openTopic({
      store: this.store,
      identity: this.identity,
      transport: watched(transport, sent),
      ownName: this.name,
      clock,
      wallClock: now,
      rotateEveryMs: 1e12,
      ...(found && { found: { name: "group" } }),
      onEvent: (event) => {
        if (isThisRun(run)) this.events.push(event)
      },
    })
    void this.#readAll(this.session, () => isThisRun(run))
  }

  /** As if the power went: nothing is saved any more, nobody says goodbye. */
  crash(): void {
    const { network } = this.group
    network.disconnect(`${this.name} ${this.#run}`)
    this.#run += 1
  }

  get place(): string {
    return `${this.name} ${this.#run}`
  }

  /** Sends this many payloads, each with a number of its own. */
  async say(count: number): Promise<void> {
    const payloads = Array.from({ length: count }, () => `${this.name}:${this.#count++}`)
    const waiting = payloads.map((payload) => this.session.send(payload).catch(() => {}))
    await Promise.race([Promise.all(waiting), Promise.resolve()])
  }

  /** What it holds to be true. */
  view(): string {
    const { session } = this
    const names = session
      .participants()
      .map(({ isAdmin, publicKey }) => `${hex(publicKey)} ${isAdmin}`)
    return [session.standing, session.epoch, ...names].join("\n")
  }

  async #readAll(session: TopicSession, isThisRun: () => boolean): Promise<void> {
    for await (const message of session.messages) {
      if (isThisRun()) this.received.push(message)
    }
  }
}

/** A copy of everything in a store, as a backup would have it. */
export async function copyOf(store: Store): Promise<Store> {
  const copy = createMemoryStore()
  const writes = (await store.list("")).map(({ key, value }) => ({ key, value }))
  await copy.commit({ writes })
  return copy
}

/** Sees what is sent, as anybody on the channel does. */
function watched(transport: Transport, sent: Uint8Array[]): Transport {
  return new Proxy(transport, {
    get(target, name) {
      if (name === "send") {
        return (bytes: Uint8Array, options?: object) => {
          sent.push(Uint8Array.from(bytes))
          return target.send(bytes, options)
        }
      }
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === "function" ? (value as () => unknown).bind(target) : value
    },
  })
}

/** No payload twice, none in another's name, none from whom was not let in. */
export function checkReceived(member: Member, allowed: readonly Member[]): void {
  const names = new Map(allowed.map(({ identity, name }) => [hex(identity.publicKey), name]))
  const seen = new Set<string>()
  for (const { from, isRepeated, text } of member.received) {
    const name = names.get(hex(from.publicKey))
    expect(name, `${member.name} hears participants only`).toBeDefined()
    expect(text?.startsWith(`${name}:`), `${text} is ${name}'s`).toBe(true)
    if (!isRepeated) expect(seen.has(text ?? ""), `${member.name} got ${text} once`).toBe(false)
    seen.add(text ?? "")
  }
}

/** No message key with the same nonce for two messages. */
export function checkNonces(sent: readonly Uint8Array[]): void {
  const byNonce = new Map<string, string>()
  const types = new Set([...utf8("MTBC")])
  for (const bytes of sent) {
    if (!types.has(bytes[0] ?? 0)) continue
    // Epoch, tag and counter name the key; the guard is the nonce.
    const nonce = hex(bytes.subarray(1, 19))
    const whole = hex(bytes)
    expect(byNonce.get(nonce) ?? whole).toBe(whole)
    byNonce.set(nonce, whole)
  }
}
