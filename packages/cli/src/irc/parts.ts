import type { IrcConnection } from "stringphone/transport/irc"
import type { Answers } from "./answers.js"
import type { Audience } from "./audience.js"
import type { Client } from "./client.js"
import type { History } from "./history.js"
import type { Line } from "./line.js"
import type { Network, Place } from "./network.js"

/** What the two directions of the proxy share. */
export interface Parts {
  readonly upstream: IrcConnection
  readonly network: Network
  readonly audience: Audience
  readonly answers: Answers<Client>
  readonly history: History
  readonly rooms: RoomKeeper
}

/** Rooms, as the lines that pass see them. */
export interface RoomKeeper {
  /** Nothing that is typed for this channel may leave in clear. */
  isGuarded(channel: string): boolean
  /** Mode letters by folded nick, where a room's state is shown instead of the server's. */
  marks(channel: string): ReadonlyMap<string, string> | null
  /** Somebody of this nick is in one of our rooms. */
  isMember(nick: string): boolean
  /** A client typed this for a guarded channel. */
  say(client: Client, channel: string, text: string): void
  /** A client typed a command: `FLUTE …` or to `*stringphone`. */
  obey(client: Client, text: string, isQuery: boolean): void
  /** We are on this channel now. */
  entered(place: Place): void
  /** We are not any more. */
  left(channel: string): void
  /** Somebody came, went, or is called something else. */
  presence(line: Line): void
  /** Lines of an encrypted room, where we are in none. */
  sawRoom(channel: string): void
}
