import type { Identity } from "../identity/index.js"
import type { RoomTiming } from "./time.js"

/** What a room asks of its surroundings. */
export interface RoomPorts {
  readonly identity: Identity
  /** What we call ourselves: at most 64 bytes of UTF-8. */
  readonly ownName: string
  readonly timing: RoomTiming
  /** The channel says who comes and goes. */
  readonly hasPresence: boolean
  readonly randomBytes: (length: number) => Uint8Array
  /** What the contact book says of somebody who asks to be let in. */
  readonly admission: (identityKey: Uint8Array) => "admit" | "ask" | "revoked"
  /** How much we know of a captain who offers a room: the highest is taken. */
  readonly standing: (identityKey: Uint8Array) => "verified" | "trusted" | "unknown" | "revoked"
  /**
   * How many may change the room; `votes` unless something else is said. The others are no part of the
   * protocol, only for comparison in simulations: with `view` whoever sees a majority needs no votes,
   * with `none` not even that.
   */
  readonly quorum?: "votes" | "view" | "none"
}
