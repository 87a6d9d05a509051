// One room of a certain size, in the epoch that began with its last entry: what each of those who stay
// has saved, what went over the channel, and the same as bare ts-mls has it.
import { decodeRoomPacket } from "stringphone/room"
import { openEntry } from "../dist/room/slot.js"
import * as bare from "./room-bare.mjs"

/** Lets people in until there are so many. */
export async function sceneOf(growth, size) {
  while (growth.size < size - 1) await growth.join()
  const kept = [...growth.kept]
  const groupOf = (person) => person.room.requireMember().group
  const before = kept.map(groupOf)
  const rotated = decodeRoomPacket(await growth.rotate()).mls
  // Of the captain, who made that commit, bare ts-mls has what we have.
  const states = await Promise.all(
    kept.map((person, i) =>
      i === 0 ? bare.stateOf(groupOf(person)) : bare.apply(bare.stateOf(before[i]), rotated),
    ),
  )
  const groups = kept.map(groupOf)
  const saved = kept.map(({ room }) => room.save())
  const time = growth.time
  const join = await growth.join()
  const [entry, order] = ["e", "s"].map((type) => packetOf(join, type).bytes)
  const packet = decodeRoomPacket(entry)
  const again = await kept.at(-1).again(saved.at(-1), time)
  const entryMessage = openEntry(await again.room.member.slotKey(packet.grantId), packet)
  return {
    join,
    /** In the epoch before: whoever takes the entry in. */
    before: { members: membersOf(kept, saved, groups, states), time, entry, order, entryMessage },
    members: membersOf(
      growth.kept,
      growth.kept.map(({ room }) => room.save()),
      growth.kept.map(groupOf),
      await Promise.all(
        growth.kept.map((person, i) =>
          i < states.length ? bare.apply(states[i], entryMessage) : bare.stateOf(groupOf(person)),
        ),
      ),
    ),
    names: [...growth.names],
    time: growth.time,
    size,
  }
}

/** The first packet with this first byte. */
export function packetOf(packets, type) {
  return packets.find(({ bytes }) => bytes[0] === type.charCodeAt(0))
}

function membersOf(kept, saved, groups, states) {
  return kept.map((person, i) => ({
    person,
    saved: saved[i],
    group: groups[i],
    // What we left out of an older epoch, the library would stumble over when it ends this one.
    state: { ...states[i], historicalReceiverData: new Map() },
  }))
}
