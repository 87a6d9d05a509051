import { join } from "node:path"
import { sameBytes, UsageError } from "stringphone/bytes"
import type { ClassicTopicRecord, KeyRing } from "stringphone/keyring"
import { openNodeKeyRing } from "stringphone/keyring/node"
import { generateTopicKey } from "stringphone/topic/classic"
import { openFileStore } from "stringphone/store/file"
import { randomChannel } from "../channel.js"
import { formatTopicAddress, parseTopicAddress } from "../topic-address.js"
import { type Body, computerBody, lampBody, lockBody } from "./body.js"
import type { DeviceKind } from "./event.js"

/** The topic's name in each device's key ring. */
export const homeTopic = "home"

export interface Household {
  readonly channel: string
  readonly members: readonly { readonly body: Body; readonly ring: KeyRing }[]
}

const kinds: readonly DeviceKind[] = ["computer", "lamp", "lock"]

/**
 * Opens what the devices of a home keep; the first time, they are made: each with an identity of its
 * own, and all with the same topic key, as if they came out of one box. They do not trust each other.
 */
export async function openHousehold(directory: string, computerName: string): Promise<Household> {
  const rings = await Promise.all(
    kinds.map(async (kind) => ({
      kind,
      ring: await openNodeKeyRing({ directory, profile: kind }),
    })),
  )
  const channel = await shareTopic(rings.map(({ ring }) => ring))
  const members = await Promise.all(
    rings.map(async ({ kind, ring }) => ({
      ring,
      body: await makeBody(kind, directory, computerName),
    })),
  )
  return { channel, members }
}

async function shareTopic(rings: readonly KeyRing[]): Promise<string> {
  const records = await Promise.all(rings.map((ring) => ring.topic(homeTopic)))
  // A first run that was interrupted left some without: they get what the others have.
  const shared = records.find((record) => record?.topicKey) ?? newRecord()
  await Promise.all(
    rings.map((ring) => ring.updateTopic(homeTopic, (known) => agreeing(known, shared))),
  )
  return parseTopicAddress(shared.address).channel
}

function newRecord(): ClassicTopicRecord {
  const address = { brokerUrl: "mqtt://127.0.0.1:1883", channel: randomChannel() }
  return {
    name: homeTopic,
    address: formatTopicAddress(address),
    topicKey: generateTopicKey(),
    keyProven: true,
    participants: [],
  }
}

function agreeing(
  known: ClassicTopicRecord | null,
  shared: ClassicTopicRecord,
): ClassicTopicRecord {
  if (!known?.topicKey) return { ...shared, participants: known?.participants ?? [] }
  if (shared.topicKey && sameBytes(known.topicKey, shared.topicKey)) return known
  throw new UsageError(
    "home-divided",
    "The devices of this home have different topic keys. Move its directory away to begin anew, or restore all of it from one backup.",
  )
}

async function makeBody(kind: DeviceKind, directory: string, computerName: string): Promise<Body> {
  switch (kind) {
    case "computer":
      return computerBody(computerName, directory)
    case "lamp":
      return lampBody(await openFileStore({ path: join(directory, "lamp.state.json") }))
    case "lock":
      return lockBody(await openFileStore({ path: join(directory, "lock.state.json") }))
  }
}
