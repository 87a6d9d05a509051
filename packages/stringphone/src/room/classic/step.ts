import { PeerError, sameBytes, UsageError } from "../../bytes/index.js"
import { hearJoin, loseMember, rekey, reviewContacts, start } from "./captain.js"
import { hearMessage, say } from "./conversation.js"
import { notice, rejected, renamedIn, sendPacket, withoutNick, withPerson } from "./effects.js"
import { hearKeyTransport, join } from "./member.js"
import { claimedIdentity, decodePacket, type Packet, verifyPacket } from "./packet.js"
import { signIntroduction } from "./seal.js"
import {
  type ClassicRoomContext,
  type ClassicRoomEvent,
  type ClassicRoomState,
  type ClassicRoomStep,
  maxMembers,
  maxWaiting,
  type Seen,
} from "./state.js"
import type { KeyTransport } from "./wire/key-transport.js"
import type { RoomJoin } from "./wire/room-join.js"

/**
 * A classic room as one client sees it, spec/room-classic.md §5. Hostile packets become notices.
 * Throwing means no transition happened: the caller keeps the old state.
 *
 * @throws {UsageError} `in-room`, `empty-channel`, `bad-key`, `not-in-room`, `left-out`,
 *   `captain-gone`, `nobody-here`, `text-too-long`, `bad-text`, `not-captain`
 */
export function stepClassicRoom(
  state: ClassicRoomState,
  event: ClassicRoomEvent,
  context: ClassicRoomContext,
): ClassicRoomStep {
  switch (event.kind) {
    case "start":
      return start(state, event.others, context)
    case "join":
      return join(state, event, context)
    case "say":
      return say(state, event.text, context)
    case "introduce":
      return [state, [sendPacket(signIntroduction(context.signer), event.to)]]
    case "packet":
      return hearPacket(state, event, context)
    case "left":
      return left(state, event.who, event.reason, context)
    case "renamed":
      return [renamed(state, event.who, event.to), []]
    case "contacts":
      return state.phase === "captain" ? reviewContacts(state, context) : [state, []]
    case "rotate":
      if (state.phase === "captain") return rekey(state, context)
      throw new UsageError("not-captain", "Only the captain makes a new key.")
    case "tick": {
      const isDue = state.phase === "captain" && context.nowMs >= state.rekeyAtMs
      return isDue ? rekey(state, context) : [state, []]
    }
    case "gone": {
      const { phase, introduced } = state
      if (phase === "outside") return [state, []]
      return [{ phase: "outside", introduced }, [notice({ kind: "room-over" })]] // [FLUTE-5.1-10]
    }
  }
}

type PacketEvent = Extract<ClassicRoomEvent, { kind: "packet" }>

function hearPacket(
  state: ClassicRoomState,
  { from, isPrivate, text }: PacketEvent,
  context: ClassicRoomContext,
): ClassicRoomStep {
  let packet: Packet
  try {
    packet = decodePacket(text)
  } catch (error) {
    if (error instanceof PeerError) return [state, [rejected(from, error.code, error.message)]]
    throw error
  }
  if (isPrivate && packet.kind !== "introduction") {
    // [FLUTE-4-1]
    const problem = "A packet that belongs on the channel came in private. It was dropped."
    return [state, [rejected(from, "not-on-channel", problem)]]
  }
  if (packet.kind === "room-message") return hearMessage(state, from, packet, context)
  if (!verifyPacket(packet)) {
    // [FLUTE-4-2]
    const problem = "A packet's signature is wrong. It was altered or forged, and dropped."
    return [state, [rejected(from, "bad-signature", problem)]]
  }
  const identityKey = claimedIdentity(packet)
  // Our own come back only by repetition. [FLUTE-4-3]
  if (identityKey && sameBytes(identityKey, context.signer.publicKey)) return [state, []]
  switch (packet.kind) {
    case "introduction":
      return hearIntroduction(state, { nick: from, identityKey: packet.identityKey })
    case "room-join":
      return hearRoomJoin(state, from, packet, context)
    case "key-transport":
      return hearRoomKey(state, from, packet, context)
  }
}

/** Remembered and shown; trust is a person's decision. [FLUTE-4.1-2] */
function hearIntroduction(state: ClassicRoomState, person: Seen): ClassicRoomStep {
  const isKnown = state.introduced.some(
    ({ nick, identityKey }) => nick === person.nick && sameBytes(identityKey, person.identityKey),
  )
  if (isKnown) return [state, []]
  const introduced = withPerson(state.introduced, person, maxWaiting)
  return [{ ...state, introduced }, [notice({ kind: "introduced", person })]]
}

function hearRoomJoin(
  state: ClassicRoomState,
  nick: string,
  packet: RoomJoin,
  context: ClassicRoomContext,
): ClassicRoomStep {
  if (state.phase === "captain") return hearJoin(state, nick, packet, context)
  if (state.phase === "outside") return [state, []]
  const { identityKey } = packet
  return [{ ...state, heard: withPerson(state.heard, { nick, identityKey }, maxMembers) }, []]
}

function hearRoomKey(
  state: ClassicRoomState,
  nick: string,
  packet: KeyTransport,
  context: ClassicRoomContext,
): ClassicRoomStep {
  if (state.phase === "outside") return [state, []]
  if (state.phase !== "captain") return hearKeyTransport(state, nick, packet, context)
  const captain = { nick, identityKey: packet.captainIdentityKey }
  return [state, [notice({ kind: "other-captain", captain })]]
}

function left(
  state: ClassicRoomState,
  who: string,
  reason: string,
  context: ClassicRoomContext,
): ClassicRoomStep {
  if (state.phase === "captain") return loseMember(state, who, reason, context)
  if (state.phase === "outside") return [state, []]
  const next = { ...state, heard: withoutNick(state.heard, who) }
  if (next.phase === "joining" || next.captain.nick !== who || next.phase === "orphaned") {
    return [next, []]
  }
  const { captain } = next
  return [{ ...next, phase: "orphaned" }, [notice({ kind: "captain-gone", captain, reason })]] // [FLUTE-5.2-8]
}

/** Keys belong to people, not to names. [FLUTE-5.2-9] */
function renamed(state: ClassicRoomState, who: string, to: string): ClassicRoomState {
  const introduced = renamedIn(state.introduced, who, to)
  switch (state.phase) {
    case "outside":
      return { ...state, introduced }
    case "captain": {
      const members = renamedIn(state.members, who, to)
      return { ...state, introduced, members, waiting: renamedIn(state.waiting, who, to) }
    }
    case "joining":
      return { ...state, introduced, heard: renamedIn(state.heard, who, to) }
    default: {
      const captain = state.captain.nick === who ? { ...state.captain, nick: to } : state.captain
      return { ...state, introduced, captain, heard: renamedIn(state.heard, who, to) }
    }
  }
}
