import { concat, type Reader, u16, u32 } from "../../bytes/index.js"
import { byLeaf, readByLeaf } from "./fields.js"

/** Somebody's vote, in a commit or claim that rests on it. */
export interface CastVote {
  /** The voter's. */
  readonly leaf: number
  /** Ed25519, 64 bytes. */
  readonly signature: Uint8Array
}

/** Count u16 ‖ (voter's leaf u32 ‖ signature 64) … [ROOM-4-9] */
export function encodeCastVotes(votes: readonly CastVote[]): Uint8Array<ArrayBuffer> {
  const encoded = byLeaf(votes).flatMap(({ leaf, signature }) => [u32(leaf), signature])
  return concat(u16(votes.length), ...encoded)
}

export function readCastVotes(r: Reader): readonly CastVote[] {
  return readByLeaf(r, r.u16("number of votes"), () => ({
    leaf: r.u32("voter's leaf"),
    signature: r.take(64, "vote signature").slice(),
  }))
}
