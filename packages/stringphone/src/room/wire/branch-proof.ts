import { concat, type Reader, u32, u8 } from "../../bytes/index.js"

/** `witness`: not who made the step says it, but a member who took it. */
export type BranchStep = "change" | "abdication" | "election" | "takeover" | "entry" | "witness"

/** Who led the room from one epoch to the next, signed. */
export interface BranchProof {
  readonly step: BranchStep
  /** Of who made or ordered the step, in the epoch before it. */
  readonly leaf: number
  /** Of the epoch after it: 8 bytes. */
  readonly auth8: Uint8Array
  /** Of the epoch after it. */
  readonly term: number
  /** By that leaf's room key, 64 bytes. */
  readonly signature: Uint8Array
}

const steps = ["change", "abdication", "election", "takeover", "entry", "witness"] as const

/**
 * Branch proof, spec/room.md §7.
 *
 *   0      1      5         13     17
 *   +------+------+---------+------+-----------+
 *   | kind | leaf | auth8   | term | signature |
 *   | u8   | u32  | 8 bytes | u32  | 64 bytes  |
 *   +------+------+---------+------+-----------+
 */
export function encodeBranchProof(proof: BranchProof): Uint8Array<ArrayBuffer> {
  return concat(encodeUnsignedBranch(proof), proof.signature)
}

/** What the signature is over, after room ID and epoch. [ROOM-7-1] */
export function encodeUnsignedBranch(
  proof: Omit<BranchProof, "signature">,
): Uint8Array<ArrayBuffer> {
  return concat(u8(steps.indexOf(proof.step) + 1), u32(proof.leaf), proof.auth8, u32(proof.term))
}

export function readBranchProof(r: Reader): BranchProof {
  const step = steps[r.u8("kind") - 1]
  if (!step) throw r.fail("unknown kind of step")
  return {
    step,
    leaf: r.u32("leaf"),
    auth8: r.take(8, "authenticator").slice(),
    term: r.u32("term"),
    signature: r.take(64, "signature").slice(),
  }
}
