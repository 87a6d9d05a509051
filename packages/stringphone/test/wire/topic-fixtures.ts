import { concat, hex, PeerError } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import { type DecodeOptions, newRekeyKey, Topic } from "../../src/topic/index.js"
import { secret } from "./fixtures.js"

/** A moment of the tests' clock. */
export const nowMs = 1_800_000_000_000
export const minuteMs = 60_000

const identities = new Map<number, Identity>()

/** The same person for the same number, 1 to 255. */
export function person(number: number): Identity {
  const identity = identities.get(number) ?? new Identity(secret(number))
  identities.set(number, identity)
  return identity
}

interface GroupOptions {
  /** How many of them are admins; default 1. */
  readonly admins?: number
  readonly channelName?: string
  readonly isPadded?: boolean
}

/** A topic of so many people, the first of them its founder. All of them can send at once. */
export function group(size: number, { admins = 1, ...options }: GroupOptions = {}): Topic[] {
  const founder = Topic.create({ signer: person(1), nowMs, name: "home", ...options })
  const joiners = Array.from({ length: size - 1 }, (_, i) => person(i + 2))
  const topics = [founder]
  if (joiners.length > 0)
    topics.push(...letIn(founder, joiners, { admins: admins - 1, ...options }))
  for (const topic of topics) topic.snapshot().stored()
  return topics
}

/** One epoch that lets all of them in; the first so many as admins. */
export function letIn(
  host: Topic,
  joiners: readonly Identity[],
  { admins = 0, atMs = nowMs, channelName }: GroupOptions & { readonly atMs?: number } = {},
): Topic[] {
  const rekeyKeys = joiners.map(() => newRekeyKey(atMs))
  const admit = joiners.map(({ publicKey }, i) => {
    const { publicKey: rekeyKey, serial } = rekeyKeys[i]!
    return { publicKey, serial, rekeyKey, isAdmin: i < admins }
  })
  const rekey = host.change({ admit }, atMs)
  return joiners.map((signer, i) => {
    const known = { topicId: host.id, host: host.publicKey, rekeyKey: rekeyKeys[i]! }
    const channel = channelName === undefined ? {} : { channelName }
    return Topic.join({ signer, ...known, ...channel }, rekey, atMs)!
  })
}

/** Everything that a topic would save, as text; nothing is taken by asking. */
export function stateOf(topic: Topic): string {
  const { sending, state } = topic.snapshot(true)
  return hex(concat(state, sending))
}

/** What came of decoding: the kind, or the code of the `PeerError`. Other errors are thrown on. */
export function outcome(
  topic: Topic,
  bytes: Uint8Array,
  options: Partial<DecodeOptions> = {},
): string {
  try {
    return topic.decode(bytes, { nowMs, ...options }).kind
  } catch (error) {
    if (error instanceof PeerError) return `PeerError ${error.code}`
    throw error
  }
}

/** Whether nothing came of it that anybody would act on. */
export function isHarmless(found: string): boolean {
  return found.startsWith("PeerError ") || ["behind", "incomplete", "other", "own"].includes(found)
}

/** Enough stored counters for more messages. */
export function refill(topic: Topic): Topic {
  if (topic.stored === 0) topic.snapshot().stored()
  return topic
}
