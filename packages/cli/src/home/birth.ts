import { join } from "node:path"
import { fromUtf8, sameBytes, UsageError, utf8 } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import { openNodeKeyRing } from "stringphone/keyring/node"
import { StoredTopic } from "stringphone/session"
import { update } from "stringphone/store"
import { openFileStore } from "stringphone/store/file"
import { randomChannel } from "../channel.js"
import { type Body, computerBody, lampBody, lockBody } from "./body.js"
import type { DeviceKind } from "./event.js"
import { introduce } from "./introduction.js"

/** The topic's name in each device's key ring; classic homes kept theirs in another place. */
export const homeTopic = "home"

export interface Member {
  readonly body: Body
  readonly ring: KeyRing
}

export interface Household {
  readonly channel: string
  /** The computer first. */
  readonly members: readonly Member[]
}

const kinds: readonly DeviceKind[] = ["computer", "lamp", "lock"]

/**
 * Opens what the devices of a home keep; the first time, they are made: each with an identity of its
 * own. The computer founds the topic, and the others are let in, as if all came out of one box.
 *
 * @throws {UsageError} `home-divided`
 * @throws {ChannelError} those of the stores
 */
export async function openHousehold(directory: string, computerName: string): Promise<Household> {
  const members = await Promise.all(
    kinds.map(async (kind) => ({
      ring: await openNodeKeyRing({ directory, profile: kind }),
      body: await makeBody(kind, directory, computerName),
    })),
  )
  const [computer, ...others] = members as [Member, ...Member[]]
  const topics = await Promise.all(members.map(({ ring }) => topicOf(ring)))
  const [home, ...theirs] = topics
  if (theirs.some((topic) => topic && !(home && sameBytes(home, topic)))) throw divided()
  // A start that was interrupted left some outside.
  const outside = others.filter((_, i) => !theirs[i])
  if (!home || outside.length > 0) await introduce(computer, outside)
  return { channel: await channelOf(computer.ring), members }
}

/** @returns the ID of the topic in which it is, or was until it was removed; `null`: none. */
async function topicOf(ring: KeyRing): Promise<Uint8Array | null> {
  const stored = await StoredTopic.open({
    store: ring.store,
    signer: ring.identity,
    name: homeTopic,
  })
  const id = stored.topic?.id ?? null
  await stored.close()
  return id
}

/** Where the home talks: drawn once, kept by the computer. */
async function channelOf({ store }: KeyRing): Promise<string> {
  const entry = await update(store, "home/channel", (before) => before ?? utf8(randomChannel()))
  return fromUtf8(entry) ?? randomChannel()
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

function divided(): UsageError {
  return new UsageError(
    "home-divided",
    "The devices of this home are in different topics. Move its directory away to begin anew, or restore all of it from one backup.",
  )
}
