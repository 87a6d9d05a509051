import { concat, decodeAll, u32, u8 } from "../../bytes/index.js"
import { type BranchProof, encodeBranchProof, readBranchProof } from "./branch-proof.js"
import { type CastVote, encodeCastVotes, readCastVotes } from "./vote.js"

/** Why a branch began as it did. */
export interface Claim {
  /** 16 bytes. */
  readonly roomId: Uint8Array
  /** The last epoch that both branches have. */
  readonly from: number
  readonly proof: BranchProof
  /** Of an election; else none. */
  readonly votes: readonly CastVote[]
}

export const claimType = 0x76 // v

/**
 * Claim, spec/room.md §7. Member → all.
 *
 *   0     1         17     21             102     104
 *   +-----+---------+------+--------------+-------+---------------------------+
 *   | 'v' | room ID | from | branch proof | count | (leaf u32 | signature) …  |
 *   | u8  | 16      | u32  | 81 bytes     | u16   | count × 68 bytes          |
 *   +-----+---------+------+--------------+-------+---------------------------+
 */
export function encodeClaim({ from, proof, roomId, votes }: Claim): Uint8Array<ArrayBuffer> {
  const head = concat(u8(claimType), roomId, u32(from))
  return concat(head, encodeBranchProof(proof), encodeCastVotes(votes))
}

/** @throws {PeerError} `malformed` */
export function decodeClaim(bytes: Uint8Array): Claim {
  return decodeAll(bytes, "claim", (r) => {
    r.expect(claimType, "type")
    const roomId = r.take(16, "room ID").slice()
    const from = r.u32("epoch")
    const proof = readBranchProof(r)
    const votes = readCastVotes(r)
    if (votes.length > 0 && proof.step !== "election") throw r.fail("votes without an election") // [ROOM-7-4]
    return { roomId, from, proof, votes }
  })
}
