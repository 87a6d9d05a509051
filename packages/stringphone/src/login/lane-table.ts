import { sameBytes } from "../bytes/index.js"

/** A program's lane, as its server lists it. */
export interface Lane {
  /** 16 bytes. */
  readonly id: Uint8Array
  readonly generation: number
  /** 16 bytes. */
  readonly clientRandom: Uint8Array
  /** A call came on it. */
  readonly isUsed: boolean
}

/** The lanes of one session; the one unused for longest comes first. Immutable. */
export type LaneTable = readonly Lane[]

/** Of a session. [LOGIN-5-2] */
export const mostLanes = 16
/** On which no call ever came, where there is no room: so programs that begin together do not drive out each other. */
const mostUnused = 4

/** The table after somebody asked for a lane. */
export interface TakenLane {
  readonly table: LaneTable
  readonly lane: Lane
  /** It was there already: that request came before. */
  readonly isRepeated: boolean
  /** What has no place any more, with its window and its keys. */
  readonly closed: readonly Lane[]
}

/**
 * The same client random of one generation gives the same lane, as long as it lives. [LOGIN-5-2]
 *
 * @param newLane 16 random bytes
 * @param isLiving whether calls of a generation are still acted on
 */
export function takeLane(
  table: LaneTable,
  asked: Pick<Lane, "generation" | "clientRandom">,
  newLane: Uint8Array,
  isLiving: (generation: number) => boolean,
): TakenLane {
  const { clientRandom, generation } = asked
  const known = table.find(
    (one) => one.generation === generation && sameBytes(one.clientRandom, clientRandom),
  )
  if (known) return { table, lane: known, isRepeated: true, closed: [] }
  const lane: Lane = { id: newLane, generation, clientRandom, isUsed: false }
  const kept = [...table]
  const closed: Lane[] = []
  while (kept.length >= mostLanes) {
    const at = leastNeeded(kept, isLiving)
    closed.push(...kept.splice(at, 1))
  }
  return { table: [...kept, lane], lane, isRepeated: false, closed }
}

/** A call came, and its proof was right. */
export function useLane(table: LaneTable, id: Uint8Array): LaneTable {
  const used = table.find((one) => sameBytes(one.id, id))
  if (!used || (used.isUsed && table.at(-1) === used)) return table
  return [...table.filter((one) => one !== used), { ...used, isUsed: true }]
}

/** Old requests for lanes that are sent again make some that nobody can use: they drive out few others. */
function leastNeeded(table: LaneTable, isLiving: (generation: number) => boolean): number {
  const ended = table.findIndex(({ generation }) => !isLiving(generation))
  if (ended >= 0) return ended
  const hasRoom = table.filter(({ isUsed }) => !isUsed).length < mostUnused
  return table.findIndex(({ isUsed }) => isUsed === hasRoom)
}
