import { concat, decodeAll, type Reader, u16, u32, u8 } from "../../bytes/index.js"
import { byLeaf, readByLeaf } from "./fields.js"
import { encodeHeads, readHeads } from "./heads.js"
import { type CastVote, encodeCastVotes, readCastVotes } from "./vote.js"

export type RemovalReason = "left" | "removed" | "absent"

export interface Removed {
  readonly leaf: number
  readonly reason: RemovalReason
}

/** The `authenticated_data` of a commit. `heads`: message IDs that belong to the ended epoch. */
export type CommitData =
  | {
      readonly kind: "change"
      readonly heads: readonly Uint8Array[]
      readonly removed: readonly Removed[]
    }
  | { readonly kind: "abdication"; readonly heads: readonly Uint8Array[] }
  | {
      readonly kind: "election"
      readonly heads: readonly Uint8Array[]
      readonly votes: readonly CastVote[]
    }
  | {
      readonly kind: "takeover"
      readonly heads: readonly Uint8Array[]
      readonly removed: readonly number[]
    }

/** Of a step to the next epoch: a commit, or an entry that the captain put in order. */
export type StepData =
  CommitData | { readonly kind: "entry"; readonly heads: readonly Uint8Array[] }

const kinds = { change: 1, abdication: 2, election: 3, takeover: 4 } as const
const reasons = ["left", "removed", "absent"] as const

/**
 *   0      1
 *   +------+--------------+---------------------------------------------------------+
 *   | kind | heads        | 1 change:     count u16 | (leaf u32 | reason u8) …       |
 *   | u8   | u8 n, 16 × n | 2 abdication: nothing                                   |
 *   |      |              | 3 election:   count u16 | (leaf u32 | signature 64) …   |
 *   |      |              | 4 takeover:   count u16 | leaf u32 …                    |
 *   +------+--------------+---------------------------------------------------------+
 */
export function encodeCommitData(data: CommitData): Uint8Array<ArrayBuffer> {
  return concat(u8(kinds[data.kind]), encodeHeads(data.heads), encodeBody(data))
}

function encodeBody(data: CommitData): Uint8Array {
  switch (data.kind) {
    case "change": {
      const removed = byLeaf(data.removed)
      const encoded = removed.flatMap(({ leaf, reason }) => [
        u32(leaf),
        u8(reasons.indexOf(reason) + 1),
      ])
      return concat(u16(removed.length), ...encoded)
    }
    case "abdication":
      return new Uint8Array(0)
    case "election":
      return encodeCastVotes(data.votes)
    case "takeover": {
      const leaves = [...data.removed].sort((a, b) => a - b)
      return concat(u16(leaves.length), ...leaves.map(u32))
    }
  }
}

/** @throws {PeerError} `malformed` */
export function decodeCommitData(bytes: Uint8Array): CommitData {
  return decodeAll(bytes, "data of a commit", (r): CommitData => {
    const kind = r.u8("kind")
    if (kind < 1 || kind > 4) throw r.fail("unknown kind")
    const heads = readHeads(r)
    switch (kind) {
      case kinds.change:
        return { kind: "change", heads, removed: readRemoved(r) }
      case kinds.abdication:
        return { kind: "abdication", heads }
      case kinds.election:
        return { kind: "election", heads, votes: readCastVotes(r) }
      default:
        return { kind: "takeover", heads, removed: readLeaves(r) }
    }
  })
}

function readRemoved(r: Reader): readonly Removed[] {
  return readByLeaf(r, r.u16("number of removed"), () => {
    const leaf = r.u32("leaf")
    const reason = reasons[r.u8("reason") - 1]
    if (!reason) throw r.fail("unknown reason")
    return { leaf, reason }
  })
}

function readLeaves(r: Reader): readonly number[] {
  const removed = readByLeaf(r, r.u16("number of removed"), () => ({ leaf: r.u32("leaf") }))
  return removed.map(({ leaf }) => leaf)
}
