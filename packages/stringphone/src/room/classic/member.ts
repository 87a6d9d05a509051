import { sameBytes, UsageError } from "../../bytes/index.js"
import { contactByKey, trustOf } from "../../identity/index.js"
import { isTrusted } from "./captain.js"
import { notice, rejected, sendPacket, withKey } from "./effects.js"
import { openRoomMessageKey, signRoomJoin } from "./seal.js"
import type {
  ClassicRoomContext,
  ClassicRoomEvent,
  ClassicRoomState,
  ClassicRoomStep,
  Joining,
  Member,
  Seen,
} from "./state.js"
import type { KeyTransport } from "./wire/key-transport.js"

type JoinEvent = Extract<ClassicRoomEvent, { kind: "join" }>

/** @throws {UsageError} `in-room`, `empty-channel`, `bad-key` */
export function join(
  state: ClassicRoomState,
  event: JoinEvent,
  context: ClassicRoomContext,
): ClassicRoomStep {
  if (state.phase === "captain") {
    throw new UsageError("in-room", "You lead this channel's room. Leave it first.")
  }
  if (event.others.length === 0) {
    // [FLUTE-5.2-1]
    throw new UsageError("empty-channel", "Nobody is here who could let you in. Start a room.")
  }
  const { captain: wanted = null, acceptUnverified: isAnyone = false } = event
  if (wanted && wanted.length !== 32) {
    throw new UsageError("bad-key", "A captain's identity key has 32 bytes.")
  }
  const roomPrivateKey = context.random(32) // [FLUTE-4.2-2]
  const joining: Joining = {
    phase: "joining",
    introduced: state.introduced,
    roomPrivateKey,
    wants: { identityKey: wanted, isAnyone },
    heard: "heard" in state ? state.heard : [],
  }
  return [joining, [sendPacket(signRoomJoin(context.signer, roomPrivateKey))]]
}

/** A key transport, rightly signed by the one whom it names. */
export function hearKeyTransport(
  state: Joining | Member,
  nick: string,
  packet: KeyTransport,
  context: ClassicRoomContext,
): ClassicRoomStep {
  const captain: Seen = { nick, identityKey: packet.captainIdentityKey }
  return state.phase === "joining"
    ? takeFirstKey(state, captain, packet, context)
    : takeNextKey(state, captain, packet)
}

function takeFirstKey(
  state: Joining,
  captain: Seen,
  packet: KeyTransport,
  { contacts }: ClassicRoomContext,
): ClassicRoomStep {
  const { wants } = state
  const { identityKey } = captain
  if (trustOf(contactByKey(contacts, identityKey)).state === "revoked") {
    const problem = "Somebody whose key you revoked gives out room keys. They were not taken."
    return [state, [rejected(captain.nick, "revoked", problem)]]
  }
  // [FLUTE-5.2-3]
  if (wants.identityKey && !sameBytes(wants.identityKey, identityKey)) {
    return [state, [notice({ kind: "other-captain", captain })]]
  }
  const isWelcome = wants.identityKey !== null || wants.isAnyone || isTrusted(contacts, identityKey)
  if (!isWelcome) return [state, [notice({ kind: "unverified-captain", captain })]]
  const key = openRoomMessageKey(packet, state.roomPrivateKey)
  // For others, or repeated from a time before we asked. [FLUTE-5.2-6]
  if (!key) return [state, []]
  const { roomPrivateKey, heard, introduced } = state
  const { counter } = packet
  const keys = withKey([], key)
  return [
    { phase: "member", introduced, roomPrivateKey, captain, counter, keys, heard },
    [notice({ kind: "joined", captain, counter })],
  ]
}

function takeNextKey(state: Member, captain: Seen, packet: KeyTransport): ClassicRoomStep {
  // The captain whom we joined stays our captain, whoever else is trusted. [FLUTE-5.2-4]
  if (!sameBytes(state.captain.identityKey, captain.identityKey)) {
    return [state, [notice({ kind: "other-captain", captain })]]
  }
  const { counter } = packet
  if (counter <= state.counter) {
    // [FLUTE-5.2-5]
    return [state, [notice({ kind: "replayed", what: "key", nick: captain.nick })]]
  }
  const key = openRoomMessageKey(packet, state.roomPrivateKey)
  if (!key) {
    // The counter stays: a packet from another of this captain's rooms must not block us for good.
    if (state.phase === "left-out") return [state, []]
    return [{ ...state, phase: "left-out" }, [notice({ kind: "left-out", captain })]] // [FLUTE-5.2-7]
  }
  const next: Member = {
    ...state,
    phase: "member",
    captain,
    counter,
    keys: withKey(state.keys, key),
  }
  const isBack = state.phase !== "member"
  return [
    next,
    [notice(isBack ? { kind: "joined", captain, counter } : { kind: "rekeyed", counter })],
  ]
}
