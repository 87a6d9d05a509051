import { encodePacket, type Packet } from "./packet.js"
import type { ClassicRoomEffect, ClassicRoomNotice, RoomKey, Seen } from "./state.js"
import { maxKeys, maxNonces } from "./state.js"

export function sendPacket(packet: Packet, to: string | null = null): ClassicRoomEffect {
  return { kind: "send", to, text: encodePacket(packet) }
}

export function notice(notice: ClassicRoomNotice): ClassicRoomEffect {
  return { kind: "notice", notice }
}

export function rejected(nick: string, code: string, message: string): ClassicRoomEffect {
  return notice({ kind: "rejected", nick, code, message })
}

/** The newest in front, the oldest of too many dropped. */
export function withKey(keys: readonly RoomKey[], key: Uint8Array): readonly RoomKey[] {
  return [{ key, nonces: new Set<string>() }, ...keys].slice(0, maxKeys)
}

/** The same keys, of which the one at `at` has seen this nonce. */
export function withNonce(keys: readonly RoomKey[], at: number, nonce: string): RoomKey[] {
  return keys.map((known, i) =>
    i === at ? { ...known, nonces: remembered(known.nonces, nonce, maxNonces) } : known,
  )
}

/** A set with one entry more; the oldest goes when there are too many. */
export function remembered(
  known: ReadonlySet<string>,
  entry: string,
  limit: number,
): ReadonlySet<string> {
  const next = new Set(known).add(entry)
  for (const oldest of next) {
    if (next.size <= limit) break
    next.delete(oldest)
  }
  return next
}

/** A list with one person more, who takes the place of whoever had the nick; the oldest goes. */
export function withPerson<P extends Seen>(
  people: readonly P[],
  person: P,
  limit: number,
): readonly P[] {
  return [...withoutNick(people, person.nick), person].slice(-limit)
}

export function withoutNick<P extends Seen>(people: readonly P[], nick: string): readonly P[] {
  return people.filter((person) => person.nick !== nick)
}

export function renamedIn<P extends Seen>(
  people: readonly P[],
  who: string,
  to: string,
): readonly P[] {
  if (!people.some(({ nick }) => nick === who)) return people
  return withoutNick(people, to).map((person) =>
    person.nick === who ? { ...person, nick: to } : person,
  )
}
