import { hex } from "../../bytes/index.js"
import { contactByKey, type ContactBook, trustOf } from "../../identity/index.js"
import type { ClassicRoomState, Seen } from "../../room/classic/index.js"
import type { TextChannel } from "../../transport/index.js"
import type { ClassicRoomPerson, ClassicRoomStatus } from "./classic-room-types.js"

/** Who that is, as far as we know. */
export function personOf(
  contacts: ContactBook,
  channelName: string,
  publicKey: Uint8Array | null,
): ClassicRoomPerson {
  const contact = publicKey && contactByKey(contacts, publicKey)
  const { state } = trustOf(contact)
  const isTrusted = state === "trusted" || state === "verified"
  const seen = publicKey ? "unverified" : "unknown"
  const start = publicKey ? hex(publicKey).slice(0, 8) : "unknown key"
  return {
    publicKey,
    contact,
    name: contact?.petname ?? `${channelName} (${start})`,
    trust: isTrusted ? state : seen,
    channelName,
  }
}

/** What a machine's state looks like from outside; no key leaves it. */
export function statusOf(
  state: ClassicRoomState,
  contacts: ContactBook,
  channel: TextChannel,
  ownKey: Uint8Array,
): ClassicRoomStatus {
  const person = ({ nick, identityKey }: Seen): ClassicRoomPerson =>
    personOf(contacts, nick, identityKey)
  const { phase } = state
  const isCaptain = phase === "captain"
  const captain =
    "captain" in state
      ? person(state.captain)
      : isCaptain
        ? personOf(contacts, channel.ownName, ownKey)
        : null
  return {
    phase,
    isKeyed: phase === "member" || (isCaptain && state.keys.length > 0),
    isCaptain,
    captain,
    members: isCaptain ? state.members.map(person) : null,
    heard: "heard" in state ? state.heard.map(person) : [],
    requests: isCaptain ? state.waiting.map(person) : [],
    introduced: state.introduced.map(person),
    names: channel.names,
    keyCounter: "counter" in state ? state.counter : 0,
  }
}

/** Statuses are small and hold no secrets. */
export function sameStatus(a: ClassicRoomStatus, b: ClassicRoomStatus): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
