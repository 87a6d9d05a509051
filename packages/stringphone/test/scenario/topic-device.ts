import { ChannelError, hex } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import {
  openTopic,
  type OpenTopicOptions,
  type TopicEvent,
  type TopicSession,
} from "../../src/session/index.js"
import type { Store } from "../../src/store/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { type SavedTopic, Topic } from "../../src/topic/index.js"
import type { IncomingMessage, Transport } from "../../src/transport/index.js"
import {
  createMemoryNetwork,
  type MemoryNetwork,
  SimulatedClock,
} from "../../src/transport/memory.js"
import type { Group } from "./topic-home.js"
import { type Member } from "./topic-home.js"

/** Where devices meet; a group is one, too. */
export interface Place {
  readonly network: MemoryNetwork
  readonly clock: SimulatedClock
  readonly now: () => number
}

/** A session whose messages the test reads, or does not. */
export interface Device {
  readonly name: string
  readonly identity: Identity
  readonly store: Store
  readonly session: TopicSession
  readonly events: TopicEvent[]
}

export function newPlace(seed: number, maxMessageBytes?: number): Place {
  const clock = new SimulatedClock()
  const network = createMemoryNetwork({ clock, seed, ...(maxMessageBytes && { maxMessageBytes }) })
  return { network, clock, now: () => 1_800_000_000_000 + clock.now() }
}

export async function device(
  { clock, network, now }: Place,
  name: string,
  options: Partial<OpenTopicOptions> = {},
): Promise<Device> {
  const events: TopicEvent[] = []
  const { identity = Identity.generate(), store = createMemoryStore() } = options
  const session = await openTopic({
    transport: options.transport ?? network.connect(name),
    ownName: name,
    clock,
    wallClock: now,
    rotateEveryMs: 1e12,
    onEvent: (event) => void events.push(event),
    ...options,
    identity,
    store,
  })
  return { name, identity, store, session, events }
}

/** Lets the second in by texts, as an admin does by mail. */
export async function letIn(host: TopicSession, joiner: TopicSession): Promise<void> {
  await joiner.acceptInvitation(host.invitation())
  await host.acceptJoinRequest(await joiner.joinRequest())
}

/** The first of them founds the topic, and lets the others in. */
export async function assemble(group: Group, names: readonly string[]): Promise<Group> {
  const [admin, ...others] = names as [string, ...string[]]
  await group.start(admin, { found: true })
  for (const name of others) {
    await group.start(name)
    await group.letIn(admin, name)
    await group.clock.advance(1_000)
  }
  await group.converge(names)
  return group
}

/** All texts that come, in order. */
export function textsOf(session: TopicSession): (string | null)[] {
  const texts: (string | null)[] = []
  void (async () => {
    for await (const { text } of session.messages) texts.push(text)
  })()
  return texts
}

export function heard(group: Group, name: string): readonly (string | null)[] {
  return group.get(name).received.map(({ text }) => text)
}

export function keyOf(group: Group, name: string): Uint8Array {
  return group.get(name).identity.publicKey
}

/** What the network does with a message before anybody hears it; `fail`: it refuses to take it. */
export function intercept(
  network: MemoryNetwork,
  judge: (from: string, bytes: Uint8Array) => "pass" | "drop" | "fail",
): void {
  const connect = network.connect.bind(network)
  network.connect = (name) =>
    replaced(connect(name), (transport) => ({
      send: (bytes, options) => {
        const verdict = judge(name, bytes)
        if (verdict === "pass") return transport.send(bytes, options)
        if (verdict === "drop") return Promise.resolve()
        return Promise.reject(new ChannelError("send-failed", "The channel did not take it."))
      },
    }))
}

/** A transport that counts what its reader took from it. */
export function counted(transport: Transport): { transport: Transport; taken: () => number } {
  let taken = 0
  async function* counting(): AsyncGenerator<IncomingMessage> {
    for await (const message of transport.messages) {
      taken += 1
      yield message
    }
  }
  return {
    transport: replaced(transport, () => ({ messages: counting() })),
    taken: () => taken,
  }
}

function replaced(
  transport: Transport,
  replace: (transport: Transport) => Partial<Transport>,
): Transport {
  const replacements = replace(transport)
  return new Proxy(transport, {
    get(target, name) {
      if (name in replacements) return Reflect.get(replacements, name) as unknown
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === "function" ? (value as () => unknown).bind(target) : value
    },
  })
}

const types = { rekey: 0x4b, notice: 0x58 }

export function isRekey(bytes: Uint8Array): boolean {
  return bytes[0] === types.rekey
}

export function isRemovalNotice(bytes: Uint8Array): boolean {
  return bytes[0] === types.notice
}

/** The rekey messages among these, each once. */
export function rekeysIn(sent: readonly Uint8Array[]): readonly Uint8Array[] {
  return [...new Map(sent.filter(isRekey).map((bytes) => [hex(bytes), bytes])).values()]
}

/** What a store has of its topic. */
export async function savedIn(store: Store): Promise<SavedTopic> {
  const read = async (name: string): Promise<Uint8Array> =>
    (await store.get(`topic/topic/${name}`))?.value ?? new Uint8Array(0)
  return { state: await read("state"), sending: await read("sending") }
}

/** The topic of a member as a program without rules has it. */
export async function bareTopic(member: Member | Device): Promise<Topic> {
  return Topic.restore({ signer: member.identity }, await savedIn(member.store))
}
