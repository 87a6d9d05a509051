import type { RoomMember } from "stringphone/session/room"
import { visible } from "../lib/peer-text.ts"

/**
 * A member's name for the eye. A petname is the owner's; what others call themselves stands with the
 * start of their key, and in quotes where it could look like more than a name.
 */
export function memberName({ contact, name }: Pick<RoomMember, "contact" | "name">): string {
  const isPlain = contact
    ? /^[\p{L}\p{N}._'’ -]+$/u.test(name)
    : /^[\p{L}\p{N}._-]+( [\p{L}\p{N}._-]+)?~[0-9a-f]{6}$/u.test(name)
  return isPlain ? name : `“${visible(name).replace(/[“”\n]/g, "'")}”`
}
