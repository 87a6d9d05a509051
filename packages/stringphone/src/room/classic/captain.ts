import { hex, sameBytes, UsageError } from "../../bytes/index.js"
import { contactByKey, type ContactBook, trustOf } from "../../identity/index.js"
import {
  notice,
  rejected,
  remembered,
  sendPacket,
  withKey,
  withoutNick,
  withPerson,
} from "./effects.js"
import { isUsableParticipantKey, sealRoomMessageKey } from "./seal.js"
import {
  type Captain,
  type ClassicRoomContext,
  type ClassicRoomEffect,
  type ClassicRoomState,
  type ClassicRoomStep,
  type Joiner,
  maxMembers,
  maxNonces,
  maxWaiting,
  rekeyEveryMs,
} from "./state.js"
import type { RoomJoin } from "./wire/room-join.js"

export function isTrusted(contacts: ContactBook, identityKey: Uint8Array): boolean {
  const { state } = trustOf(contactByKey(contacts, identityKey))
  return state === "trusted" || state === "verified"
}

/** @throws {UsageError} `in-room` */
export function start(
  state: ClassicRoomState,
  others: readonly string[],
  context: ClassicRoomContext,
): ClassicRoomStep {
  if (state.phase !== "outside") {
    throw new UsageError("in-room", "You are in this channel's room already. Leave it first.")
  }
  const captain: Captain = {
    phase: "captain",
    introduced: state.introduced,
    members: [],
    waiting: [],
    used: new Set(),
    counter: 0,
    keys: [],
    rekeyAtMs: context.nowMs + rekeyEveryMs,
  }
  // Another captain may be here already. [FLUTE-5.1-1]
  return [captain, others.length > 0 ? [notice({ kind: "channel-not-empty", others })] : []]
}

/** Its signature is right already. */
export function hearJoin(
  state: Captain,
  nick: string,
  { identityKey, participantKey }: RoomJoin,
  context: ClassicRoomContext,
): ClassicRoomStep {
  // A participant key is good for one admission. [FLUTE-5.1-4]
  const isWaiting = state.waiting.some((other) => sameBytes(other.participantKey, participantKey))
  if (isWaiting || state.used.has(hex(participantKey))) {
    return [state, [notice({ kind: "replayed", what: "join", nick })]]
  }
  if (!isUsableParticipantKey(participantKey)) {
    // [FLUTE-4.2-3]
    const problem = "Somebody asks to be let in with an unusable room participant key."
    return [state, [rejected(nick, "malformed-packet", problem)]]
  }
  const joiner = { nick, identityKey, participantKey }
  if (!isTrusted(context.contacts, identityKey)) {
    // [FLUTE-5.1-3]
    const waiting = withPerson(state.waiting, joiner, maxWaiting)
    return [{ ...state, waiting }, [notice({ kind: "request", joiner: { nick, identityKey } })]]
  }
  return admit(state, [joiner], context)
}

function admit(
  state: Captain,
  joiners: readonly Joiner[],
  context: ClassicRoomContext,
): ClassicRoomStep {
  let { members, waiting, used } = state
  const effects: ClassicRoomEffect[] = []
  for (const joiner of joiners) {
    const { nick, identityKey } = joiner
    members = withPerson(members, joiner, maxMembers)
    waiting = withoutNick(waiting, nick)
    // Only those who were let in are remembered, so that no stranger can make us forget them.
    used = remembered(used, hex(joiner.participantKey), maxNonces)
    effects.push(notice({ kind: "admitted", member: { nick, identityKey } }))
  }
  const [next, sent] = rekey({ ...state, members, waiting, used }, context)
  return [next, [...effects, ...sent]]
}

/** Lets in who is trusted meanwhile, and puts out who is not any more. [FLUTE-5.1-8] */
export function reviewContacts(state: Captain, context: ClassicRoomContext): ClassicRoomStep {
  const isKnown = ({ identityKey }: Joiner): boolean => isTrusted(context.contacts, identityKey)
  const gone = state.members.filter((member) => !isKnown(member))
  const members = state.members.filter(isKnown)
  const effects = gone.map(({ nick, identityKey }) =>
    notice({ kind: "removed", member: { nick, identityKey }, reason: "untrusted" }),
  )
  const welcome = state.waiting.filter(isKnown)
  if (gone.length === 0 && welcome.length === 0) return [state, []]
  const [next, sent] = admit({ ...state, members }, welcome, context)
  return [next, [...effects, ...sent]]
}

/** Who left the channel, however, gets no key any more. [FLUTE-5.1-5] */
export function loseMember(
  state: Captain,
  who: string,
  reason: string,
  context: ClassicRoomContext,
): ClassicRoomStep {
  const waiting = withoutNick(state.waiting, who)
  const gone = state.members.find(({ nick }) => nick === who)
  if (!gone) return [{ ...state, waiting }, []]
  const members = withoutNick(state.members, who)
  const { nick, identityKey } = gone
  const [next, sent] = rekey({ ...state, members, waiting }, context)
  return [next, [notice({ kind: "removed", member: { nick, identityKey }, reason }), ...sent]]
}

/** A fresh key, and a fresh transport key, for everyone who is in. */
export function rekey(state: Captain, context: ClassicRoomContext): ClassicRoomStep {
  const rekeyAtMs = context.nowMs + rekeyEveryMs // [FLUTE-5.1-6]
  // Alone, there is nobody to encrypt for; who left must not read on. [FLUTE-5.1-7]
  if (state.members.length === 0) return [{ ...state, keys: [], rekeyAtMs }, []]
  const counter = state.counter + 1
  const roomMessageKey = context.random(32)
  const transportPrivateKey = context.random(32) // [FLUTE-4.3-4]
  const participantKeys = state.members.map(({ participantKey }) => participantKey)
  const content = { roomMessageKey, transportPrivateKey, counter, participantKeys }
  const packet = sealRoomMessageKey(context.signer, content, context.random)
  const keys = withKey(state.keys, roomMessageKey)
  const next = { ...state, counter, keys, rekeyAtMs }
  return [next, [sendPacket(packet), notice({ kind: "rekeyed", counter })]]
}
