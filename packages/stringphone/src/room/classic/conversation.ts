import { fromUtf8, hex, sameBytes, UsageError, utf8 } from "../../bytes/index.js"
import { trustOf } from "../../identity/index.js"
import { notice, rejected, sendPacket, withNonce } from "./effects.js"
import { verifyPacket } from "./packet.js"
import { openRoomMessage, sealRoomMessage } from "./seal.js"
import {
  type Captain,
  type ClassicRoomContext,
  type ClassicRoomState,
  type ClassicRoomStep,
  maxTextBytes,
  type Member,
  type Seen,
} from "./state.js"
import type { RoomMessage } from "./wire/room-message.js"

/** @throws {UsageError} `not-in-room`, `left-out`, `captain-gone`, `nobody-here`, `text-too-long`, `bad-text` */
export function say(
  state: ClassicRoomState,
  text: string,
  context: ClassicRoomContext,
): ClassicRoomStep {
  const inRoom = requireKeyed(state)
  const plaintext = utf8(text)
  if (text === "" || /[\r\n\0]/.test(text)) {
    // The original would hand the rest of such a text to IRC as a command. [FLUTE-4.4-3]
    throw new UsageError("bad-text", "A message is one line. Send several, one for each line.")
  }
  if (plaintext.length > maxTextBytes) {
    throw new UsageError("text-too-long", "A message has at most 65,536 bytes. Send less at once.")
  }
  const key = (inRoom.keys[0] as { key: Uint8Array }).key
  const packet = sealRoomMessage(context.signer, plaintext, key, context.random)
  const keys = withNonce(inRoom.keys, 0, hex(packet.nonce))
  return [{ ...inRoom, keys }, [sendPacket(packet)]]
}

/** Not keyed means not sent. [FLUTE-5.3-2] */
function requireKeyed(state: ClassicRoomState): Captain | Member {
  switch (state.phase) {
    case "outside":
    case "joining":
      throw new UsageError("not-in-room", "You have no key of this room. Nothing was sent.")
    case "left-out":
      throw new UsageError(
        "left-out",
        "The captain gave the others a new key and you none. Nothing was sent: join again.",
      )
    case "orphaned":
      throw new UsageError(
        "captain-gone",
        "The captain is gone, and with it the room. Nothing was sent: join again when one is there.",
      )
    case "captain":
      if (state.keys.length > 0) return state
      throw new UsageError("nobody-here", "Nobody is in the room but you. Nothing was sent.")
    case "member":
      return state
  }
}

/** A room message from anybody on the channel. */
export function hearMessage(
  state: ClassicRoomState,
  nick: string,
  packet: RoomMessage,
  context: ClassicRoomContext,
): ClassicRoomStep {
  const inRoom = "keys" in state ? state : null
  for (const [at, { key, nonces }] of inRoom?.keys.entries() ?? []) {
    const plaintext = openRoomMessage(packet, key) // [FLUTE-5.3-1]
    if (!plaintext || !inRoom) continue
    const nonce = hex(packet.nonce)
    // [FLUTE-5.3-4]
    if (nonces.has(nonce)) return [state, [notice({ kind: "replayed", what: "message", nick })]]
    const next = { ...inRoom, keys: withNonce(inRoom.keys, at, nonce) }
    const text = fromUtf8(plaintext)
    if (text === null) {
      const problem = "A message is no UTF-8 text. It was not shown."
      return [next, [rejected(nick, "malformed-packet", problem)]]
    }
    const signer = signerOf(state, nick, packet, context)
    if (signer && isRevoked(context, signer)) {
      const problem = "Somebody whose key you revoked said something. It was not shown."
      return [next, [rejected(nick, "revoked", problem)]]
    }
    if (text === "") return [next, []]
    const message = { nick, identityKey: signer, text, isLate: at > 0 }
    return [next, [{ kind: "deliver", message }]]
  }
  return [state, [notice({ kind: "unreadable", nick })]]
}

/** Who signed it, of all whom we know; the one with this nick first. [FLUTE-5.3-3] */
function signerOf(
  state: ClassicRoomState,
  nick: string,
  packet: RoomMessage,
  { contacts, signer }: ClassicRoomContext,
): Uint8Array | null {
  const seen: Seen[] = [...state.introduced]
  if (state.phase === "captain") seen.push(...state.members, ...state.waiting)
  if ("heard" in state) seen.push(...state.heard)
  if ("captain" in state) seen.push(state.captain)
  const named = seen.filter((person) => person.nick === nick)
  const keys = [...named, ...seen].map(({ identityKey }) => identityKey)
  for (const { publicKey } of contacts) keys.push(publicKey)
  keys.push(signer.publicKey)
  const tried = new Set<string>()
  for (const key of keys) {
    const name = hex(key)
    if (tried.has(name)) continue
    tried.add(name)
    if (verifyPacket(packet, key)) return key
  }
  return null
}

function isRevoked({ contacts }: ClassicRoomContext, identityKey: Uint8Array): boolean {
  const contact = contacts.find(({ publicKey }) => sameBytes(publicKey, identityKey)) ?? null
  return trustOf(contact).state === "revoked"
}
