// The open problems of Flute's own list, each as an attack on classic rooms: `original`, on clients that
// do as the original does, and `ours`, on our classic. Each tells what its attacker has in the end.
import type { Attack } from "./room-attack.js"
import * as bytes from "./room-attacks-classic-bytes.js"
import * as original from "./room-attacks-classic-original.js"

export type { Attack, AttackResult, Victims } from "./room-attack.js"
export * from "./room-attacks-classic-bytes.js"
export * from "./room-attacks-classic-original.js"

/** All of them, by the names of Flute's list and of spec/room-classic.md §7. */
export const classicRoomAttacks: Readonly<Record<string, Attack>> = {
  "replay of ROOM_JOIN": original.replayOfRoomJoin,
  "replay of ROOM_MESSAGE": original.replayOfRoomMessage,
  "replay of KEY_TRANSPORT": original.replayOfKeyTransport,
  "two captains at once": bytes.twoCaptainsAtOnce,
  "the room dies with its captain": bytes.roomDiesWithItsCaptain,
  "the captain alone knows who is in": bytes.captainAloneKnowsWhoIsIn,
  "the captain can split the room": bytes.captainSplitsTheRoom,
  "no room consistency": bytes.noRoomConsistency,
  "no transcript consistency": bytes.noTranscriptConsistency,
  "no deniability": bytes.noDeniability,
  "no per-message ratchet": bytes.noPerMessageRatchet,
  "72 bytes a member in every rekey": bytes.seventyTwoBytesAMember,
  "messages lost in key races": bytes.messagesLostInKeyRaces,
  "a declined joiner is not told": bytes.declinedJoinerIsNotTold,
  "one server only": bytes.oneServerOnly,
  "hidden status": original.hiddenStatus,
  "a removed member reads on with the server's help": bytes.removedMemberReadsOnWithTheServer,
  "a stranger is keyed at the next rekey": original.strangerIsKeyedAtTheNextRekey,
}
