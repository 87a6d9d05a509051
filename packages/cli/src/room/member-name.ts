import { hex, sameBytes, UsageError } from "stringphone/bytes"
import { petnameKey } from "stringphone/identity"
import type { RoomMember, RoomRequest } from "stringphone/session/room"
import { shownName } from "../member.js"

type Named = Pick<RoomMember, "contact" | "name">

/**
 * A member's name as a line begins with it. A petname is the owner's; what others call themselves
 * stands with the start of their key, and in quotes where it could look like more than a name.
 */
export function memberName({ contact, name }: Named): string {
  if (contact) return shownName(contact.petname)
  return /^[\p{L}\p{N}._-]+~[0-9a-f]{6}$/u.test(name) ? name : shownName(name)
}

/** Who asks to be let in: by our own name for them, or by theirs with the start of their key. */
export function requestName({ contact, ownName, publicKey }: RoomRequest): string {
  if (contact) return shownName(contact.petname)
  return memberName({ contact, name: `${ownName || "somebody"}~${hex(publicKey).slice(0, 6)}` })
}

/**
 * Whom a person means: a name as it is shown, one on the channel, or the start of a key.
 * @throws {UsageError} `no-such-member`, `ambiguous-member`
 */
export function findRoomMember(members: readonly RoomMember[], text: string): RoomMember {
  const meant = plain(text)
  const start = text.trim().toLowerCase()
  const ways: readonly ((member: RoomMember) => boolean)[] = [
    (member) => [member.name, memberName(member)].some((name) => plain(name) === meant),
    ({ publicKey }) => /^[0-9a-f]{8,64}$/.test(start) && hex(publicKey).startsWith(start),
    ({ contact, name }) => !contact && plain(ownNameIn(name)) === meant,
    ({ channelName }) => channelName !== null && plain(channelName) === meant,
  ]
  for (const fits of ways) {
    const found = members.filter(fits)
    if (found.length === 1 && found[0]) return found[0]
    if (found.length > 1) {
      throw new UsageError(
        "ambiguous-member",
        `Several members are called that: ${found.map(keyStart).join(", ")}. Give the start of the key.`,
      )
    }
  }
  throw new UsageError("no-such-member", `Nobody in the room is called ${shownName(text)}.`)
}

/** The longest name of somebody at the start of a text, and the rest: names may have blanks. */
export function splitName<T>(
  text: string,
  find: (name: string) => T,
): { readonly found: T; readonly rest: string } {
  const quoted = /^"([^"]*)"\s*([^]*)$/.exec(text)
  if (quoted) return { found: find(quoted[1] ?? ""), rest: quoted[2] ?? "" }
  const words = text.split(/\s+/)
  for (let count = words.length; count > 1; count--) {
    try {
      const found = find(words.slice(0, count).join(" "))
      return { found, rest: words.slice(count).join(" ") }
    } catch (error) {
      if (!(error instanceof UsageError) || error.code === "ambiguous-member") throw error
    }
  }
  return { found: find(words[0] ?? ""), rest: words.slice(1).join(" ") }
}

export function isSameMember(one: RoomMember | null, other: RoomMember | null): boolean {
  return one !== null && other !== null && sameBytes(one.publicKey, other.publicKey)
}

/** What somebody who is no contact calls themselves. */
export function ownNameIn(name: string): string {
  return name.replace(/~[0-9a-f]{6}$/, "")
}

function keyStart({ name, publicKey }: RoomMember): string {
  return `${shownName(name)} ${hex(publicKey).slice(0, 8)}`
}

function plain(name: string): string {
  return petnameKey(
    name
      .trim()
      .replace(/^@|^"|"$/g, "")
      .replaceAll("″", '"'),
  )
}
