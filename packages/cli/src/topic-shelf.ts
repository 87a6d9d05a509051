import { ChannelError, fromUtf8, UsageError, utf8 } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import { update } from "stringphone/store"
import {
  type ChannelAddress,
  formatChannelAddress,
  parseChannelAddress,
} from "./channel-address.js"
import { randomId } from "./channel.js"

/**
 * What the command line keeps of a topic beside its state: all of them in one entry of the ring's
 * store. The names of entries are never sealed, so that the topic's own entries have a random one.
 */
export interface TopicRecord {
  /** The owner's name for it. */
  readonly name: string
  /** Names its entries in the store. */
  readonly id: string
  /** All of them together are its channel; may hold logins. Empty: not known yet. */
  readonly addresses: readonly ChannelAddress[]
}

const shelf = "cli/topics"

export async function topicRecords(ring: KeyRing): Promise<readonly TopicRecord[]> {
  return read((await ring.store.get(shelf))?.value ?? null)
}

/** @throws {UsageError} `no-such-topic` */
export async function requireTopic(ring: KeyRing, name: string): Promise<TopicRecord> {
  const record = await findTopic(ring, name)
  if (record) return record
  const hint = (await ring.topic(name))
    ? `It is a classic topic: use "stringphone classic".`
    : `"stringphone topic list" shows what there is.`
  throw new UsageError("no-such-topic", `There is no topic "${name}" in this key ring. ${hint}`)
}

export async function findTopic(ring: KeyRing, name: string): Promise<TopicRecord | null> {
  return (await topicRecords(ring)).find((record) => record.name === name) ?? null
}

/** @throws {UsageError} `topic-exists` */
export async function addTopic(
  ring: KeyRing,
  name: string,
  addresses: readonly ChannelAddress[],
): Promise<TopicRecord> {
  const record = { name, id: randomId(), addresses }
  await change(ring, (records) => {
    if (records.some((other) => other.name === name)) {
      throw new UsageError(
        "topic-exists",
        `There is a topic "${name}" already. Choose another name.`,
      )
    }
    return [...records, record]
  })
  return record
}

/** Saves another name or other addresses. */
export async function changeTopic(ring: KeyRing, changed: TopicRecord): Promise<void> {
  await change(ring, (records) =>
    records.map((record) => (record.id === changed.id ? changed : record)),
  )
}

/** Forgets the topic with its keys, messages and counters. */
export async function forgetTopic(ring: KeyRing, { id }: TopicRecord): Promise<void> {
  await change(ring, (records) => records.filter((record) => record.id !== id))
  const entries = await ring.store.list(`topic/${id}/`)
  const keys = [...entries.map(({ key }) => key), tallyKey({ id })]
  await ring.store.commit({ writes: keys.map((key) => ({ key, value: null })) })
}

/** Where `listen` notes what it heard. */
export function tallyKey({ id }: Pick<TopicRecord, "id">): string {
  return `cli/heard/${id}`
}

/** Where a topic is, to give to others. */
export function publicAddresses({ addresses }: Pick<TopicRecord, "addresses">): readonly string[] {
  return addresses.map((address) => formatChannelAddress(address))
}

async function change(
  ring: KeyRing,
  next: (records: readonly TopicRecord[]) => readonly TopicRecord[],
): Promise<void> {
  await update(ring.store, shelf, (bytes) =>
    utf8(
      JSON.stringify(
        next(read(bytes)).map(({ addresses, ...record }) => ({
          ...record,
          addresses: addresses.map((one) => formatChannelAddress(one, { withLogin: true })),
        })),
      ),
    ),
  )
}

function read(bytes: Uint8Array | null): readonly TopicRecord[] {
  if (!bytes) return []
  try {
    const records = JSON.parse(fromUtf8(bytes) ?? "") as Saved[]
    return records.map(({ addresses, id, name }) => ({
      name,
      id,
      addresses: addresses.map(parseChannelAddress),
    }))
  } catch (cause) {
    throw new ChannelError(
      "topics-corrupt",
      "The list of topics in this key ring can not be read. Restore the key ring from a copy.",
      { cause },
    )
  }
}

interface Saved {
  readonly name: string
  readonly id: string
  readonly addresses: readonly string[]
}
