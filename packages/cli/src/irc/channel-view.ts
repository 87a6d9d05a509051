import type { Client } from "./client.js"
import { type Line, line } from "./line.js"
import { withRoomRanks } from "./modes.js"
import { foldNick } from "./names.js"
import type { Parts } from "./parts.js"
import type { Place } from "./network.js"

type View = Pick<Parts, "network" | "rooms">

/** All that a client has to know of a channel that it is on from now on. */
export function channelLines(view: View, place: Place, client: Client): readonly Line[] {
  const { network } = view
  return [
    line(network.prefix, "JOIN", place.name),
    ...topicLines(view, place),
    ...namesLines(view, place, client),
  ]
}

/** Who is on a channel; with a room, the marks tell who is in the room. */
export function namesLines(
  { network, rooms }: View,
  place: Place,
  client: Client,
): readonly Line[] {
  const { nick, serverName } = network
  const marks = rooms.marks(place.name)
  const ranks = withRoomRanks(network.ranks)
  const words = [...place.seats.values()].map(({ modes, nick: name }) => {
    const own = marks ? (marks.get(foldNick(name)) ?? "") : modes
    const signs = ranks.filter(([mode]) => own.includes(mode)).map(([, mark]) => mark)
    return (client.has("multi-prefix") ? signs.join("") : (signs[0] ?? "")) + name
  })
  return [
    ...rows(words).map((row) => line(serverName, "353", nick, "=", place.name, row)),
    line(serverName, "366", nick, place.name, "End of /NAMES list."),
  ]
}

function topicLines({ network }: View, { name, topic, topicSetter }: Place): readonly Line[] {
  const { nick, serverName } = network
  if (topic === null) return []
  const setter = topicSetter.length > 0 ? [line(serverName, "333", nick, name, ...topicSetter)] : []
  return [line(serverName, "332", nick, name, topic), ...setter]
}

/** Words in rows that fit into a line. */
function rows(words: readonly string[]): readonly string[] {
  const found: string[] = []
  for (const word of words) {
    const last = found.at(-1)
    if (last !== undefined && last.length + word.length < maxRowLength) {
      found[found.length - 1] = `${last} ${word}`
    } else found.push(word)
  }
  return found
}

const maxRowLength = 380
