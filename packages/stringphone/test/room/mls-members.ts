import { randomBytes } from "../../src/crypto/index.js"
import { sameBytes, utf8 } from "../../src/bytes/index.js"
import {
  apply,
  createGroup,
  groupInfo,
  joinByExternalCommit,
  type Group,
  type GroupEnvironment,
  type OwnLeaf,
} from "../../src/room/mls/group.js"

export const roomId = new Uint8Array(16).fill(7)
export const none = new Uint8Array(0)
export const environment: GroupEnvironment = { randomBytes, isCredentialValid: () => true }
export const accept = (): void => {}

export function leaf(name: string): OwnLeaf {
  return { signatureSeed: randomBytes(32), credential: utf8(name) }
}

export function found(name = "alice", settings = utf8("settings")): Promise<Group> {
  return createGroup({ roomId, own: leaf(name), settings }, environment)
}

/** Joins through the first member; everybody applies it. @returns all, the newcomer last. */
export async function joined(members: readonly Group[], name: string): Promise<Group[]> {
  const info = await groupInfo(members[0] as Group)
  const entry = await joinByExternalCommit(info, leaf(name), none, { check: accept }, environment)
  const others = await Promise.all(members.map((one) => apply(one, entry.message, accept)))
  return [...others, entry.group]
}

export async function groupOf(...names: string[]): Promise<Group[]> {
  let members = [await found(names[0])]
  for (const name of names.slice(1)) members = await joined(members, name)
  return members
}

/** Whether all are in the same epoch of the same group. */
export function agree(members: readonly Group[]): boolean {
  const first = members[0] as Group
  return members.every(
    (one) => one.epoch === first.epoch && sameBytes(one.authenticator, first.authenticator),
  )
}
