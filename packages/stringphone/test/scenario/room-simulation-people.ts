import type { Identity } from "../../src/identity/index.js"
import type { Room } from "../../src/room/index.js"
import type { Group } from "../../src/room/mls/group.js"

/** Somebody with a program and a store. */
export interface Person {
  readonly index: number
  readonly name: string
  readonly identity: Identity
  room: Room
  saved: { state: Uint8Array | null; log: Uint8Array | null }
  isUp: boolean
  /** Wants to be in the room, and asks again where that failed. */
  wantsIn: boolean
  /** Somebody removed it on purpose. */
  isBanned: boolean
  /** It left, so what it said need not arrive. */
  hasLeft: boolean
  /** And the channel, too. */
  hasParted: boolean
  /** Counts runs of its program: what is under way to a killed one is lost. */
  run: number
  /** Is killed while it sends the next time. */
  dies: boolean
  texts: number
  gaps: number
  /** In the room, before what happens now. */
  before: Group | null
}

export interface Counts {
  elections: number
  takeovers: number
  abdications: number
  stranded: number
  absent: number
  /** Texts shown as said on the other side of a split. */
  otherSide: number
  /** Members who went back to where branches parted. */
  rewound: number
  restarts: number
  texts: number
  splits: number
  blocked: number
  rejected: number
  convergedMs: number
}

export function noCounts(): Counts {
  return {
    elections: 0,
    takeovers: 0,
    abdications: 0,
    stranded: 0,
    absent: 0,
    otherSide: 0,
    rewound: 0,
    restarts: 0,
    texts: 0,
    splits: 0,
    blocked: 0,
    rejected: 0,
    convergedMs: 0,
  }
}

export function newPerson(
  index: number,
  identity: Identity,
  roomOf: (person: Pick<Person, "identity" | "name">) => Room,
): Person {
  const name = `p${index}`
  return {
    index,
    name,
    identity,
    room: roomOf({ identity, name }),
    saved: { state: null, log: null },
    isUp: true,
    wantsIn: false,
    isBanned: false,
    hasLeft: false,
    hasParted: false,
    run: 0,
    dies: false,
    texts: 0,
    gaps: 0,
    before: null,
  }
}
