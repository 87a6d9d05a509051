import { base64url, ChannelError, concat, decodeJson, encodeJson, utf8 } from "../../bytes/index.js"
import { hash } from "../../crypto/index.js"
import type { RetiredGeneration } from "../../login/index.js"
import type { Commit, Entry, Store } from "../../store/index.js"

/** A value as it was read, with what a write of it is checked by. */
export interface Kept<T> {
  readonly value: T
  readonly version: string
}

export type Check = NonNullable<Commit["checks"]>[number]
export type Write = Commit["writes"][number]

/**
 * Where everything is in the store. All but users begin with random characters behind the kind, so that
 * a cleaning can go through a part at a time.
 */
export const keys = {
  setups: "login/setups",
  clock: "login/clock",
  users: "login/user/",
  user: (login: string): string => `login/user/${login}`,
  session: (id: Uint8Array): string => `login/session/${base64url(id)}`,
  seen: (id: Uint8Array): string => `login/seen/${base64url(id)}`,
  starts: (id: Uint8Array): string => `login/starts/${base64url(id)}`,
  retired: (id: Uint8Array): string => `login/retired/${base64url(id)}/`,
  devices: (login: string): string => `login/device/${digest("login", login)}/`,
  invitation: (id: Uint8Array): string => `login/invitation/${base64url(id)}`,
  attempts: "login/attempt/",
  attempt: (id: Uint8Array): string => `login/attempt/${base64url(id)}`,
  limit: (kind: string, who: string): string => `login/limit/${digest(kind, who)}`,
  lanes: "login/lane/",
  /** The first byte of such an ID is the same for all of a server key. */
  lane: (id: Uint8Array): string =>
    `login/lane/${base64url(concat(id.subarray(1), id.subarray(0, 1)))}`,
} as const

/** What an ID begins with: what there is very much of is gone through a part at a time. */
export const idParts = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/** Of a session; those before are forgotten. [LOGIN-6-3] */
const mostRetired = 5_000

/** One more, in the place of the one that so many came after. */
export function retirement(id: Uint8Array, retired: RetiredGeneration): readonly Write[] {
  const { generation } = retired
  const kept = write(retiredKey(id, generation), retired)
  if (generation <= mostRetired) return [kept]
  return [kept, write(retiredKey(id, generation - mostRetired), null)]
}

export function retiredKey(id: Uint8Array, generation: number): string {
  return `${keys.retired(id)}${generation}`
}

export function deviceKey(login: string, id: Uint8Array): string {
  return keys.devices(login) + base64url(id)
}

/** All that there is of a session. */
export function removalOf(
  login: string,
  id: Uint8Array,
  retired: readonly Entry[],
): readonly Write[] {
  const own = [keys.session(id), deviceKey(login, id), keys.seen(id), keys.starts(id)]
  return [...own, ...retired.map(({ key }) => key)].map((key) => write(key, null))
}

/** What is retired, by the beginning of the keys. */
export function retiredBySession(entries: readonly Entry[]): ReadonlyMap<string, readonly Entry[]> {
  const found = new Map<string, Entry[]>()
  for (const entry of entries) {
    const session = entry.key.slice(0, entry.key.lastIndexOf("/") + 1)
    const others = found.get(session)
    if (others) others.push(entry)
    else found.set(session, [entry])
  }
  return found
}

/** @returns `null`: there is none. @throws {ChannelError} `store-corrupt`, and those of the store */
export async function read<T>(store: Store, key: string): Promise<Kept<T> | null> {
  const entry = await store.get(key)
  return entry && { value: valueOf<T>(entry), version: entry.version }
}

/** @throws {ChannelError} `store-corrupt` */
export function valueOf<T>({ key, value }: Entry): T {
  try {
    return decodeJson(value) as T
  } catch (cause) {
    throw new ChannelError(
      "store-corrupt",
      `The store's entry ${key} is damaged. Restore it from a backup.`,
      { cause },
    )
  }
}

export function write(key: string, value: unknown): Write {
  return { key, value: value === null ? null : encodeJson(value) }
}

/** It is as it was read; `null`: it is still not there. */
export function unchanged(key: string, kept: Pick<Kept<unknown>, "version"> | null): Check {
  return { key, version: kept?.version ?? null }
}

/** Of one length, whatever it is of. */
function digest(kind: string, text: string): string {
  return base64url(hash(utf8(`${kind} ${text}`)).subarray(0, 16))
}
