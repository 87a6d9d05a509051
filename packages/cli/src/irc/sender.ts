import { hex } from "stringphone/bytes"
import type { RoomMember, RoomMessage } from "stringphone/session/room"
import { actionOf, asAction } from "../room/peer-text.js"
import { nickOf } from "./line.js"
import { foldNick, harmlessNick } from "./names.js"

/*
 * Who said it, in the one place of a line that a client shows for itself and no peer can write to:
 *
 *   alice              encrypted, by the contact alice, whose key was compared
 *   Alice_B(alice)     the same; the contact book calls them "Alice B", the channel alice
 *   ?alice             encrypted, by a member whose key you did not compare
 *   CLEARTEXT/alice    not encrypted: anybody can have written it
 *
 * `? / ( )` are in no nick that a server may give; one that gives it nevertheless is corrected.
 */

/** The sender of a message out of a room. */
export function memberPrefix(
  { channelName, contact, publicKey }: Omit<RoomMember, "name">,
  status: RoomMessage["status"],
): string {
  const nick = channelName === null ? null : harmlessNick(channelName)
  const known = contact && harmlessNick(contact.petname)
  const name =
    known === null
      ? (nick ?? hex(publicKey).slice(0, 8))
      : nick !== null && foldNick(nick) === foldNick(known)
        ? nick
        : `${known}(${nick ?? "elsewhere"})`
  return status === "verified" ? `${name}!verified@room` : `?${name}!unverified@room`
}

/** The sender of a line that nobody encrypted, on a channel that has a room. */
export function cleartextPrefix(prefix: string | null): string {
  return `CLEARTEXT/${nickOf(prefix) || "server"}!cleartext@channel`
}

/**
 * Text of a member, harmless for a client: no control characters (a CTCP request, colours), nothing
 * that turns the direction of writing. `/me` stays what it is.
 * @returns a line each
 */
export function memberLines(text: string): readonly string[] {
  const action = actionOf(text)
  const lines = (action ?? text)
    .split(/\r\n|[\r\n\u2028\u2029]/)
    .map((one) => one.replaceAll(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, ""))
    .filter((one) => one !== "")
    .flatMap(pieces)
  return action !== null ? lines.map((one) => asAction(one)) : lines
}

/** Clients expect lines of at most 512 bytes, with all that stands before the text. */
const maxPieceBytes = 380

/** Broken between words where that is possible, and never within a character. */
function pieces(text: string): readonly string[] {
  const found: string[] = []
  let piece = ""
  let bytes = 0
  for (const { segment } of graphemes.segment(text)) {
    const more = Buffer.byteLength(segment)
    if (bytes + more > maxPieceBytes && piece !== "") {
      const end = piece.lastIndexOf(" ") + 1 || piece.length
      found.push(piece.slice(0, end))
      piece = piece.slice(end)
      bytes = Buffer.byteLength(piece)
    }
    piece += segment
    bytes += more
  }
  return [...found, piece]
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" })
