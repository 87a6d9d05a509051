import { u8 } from "../bytes/index.js"
import { authenticate, labelled } from "../crypto/index.js"

/**
 * From a sender's chain key to the key of one message, spec/topic.md §2: chain → block of 256 →
 * branch of 16 → leaf. Each step is one HMAC and can not be undone.
 */

/** Counters in a block. */
export const blockSize = 256
/** Counters in a branch, and branches in a block. */
export const branchSize = 16

const nextBlock = labelled("topic next block")
const block = labelled("topic block")
const branches = numbered("topic branch")
const leaves = numbered("topic leaf")

/** The chain key of the next block. */
export function nextChainKey(chainKey: Uint8Array): Uint8Array {
  return authenticate(nextBlock, chainKey)
}

/** The key of a block, from the chain key at it. */
export function blockKeyOf(chainKey: Uint8Array): Uint8Array {
  return authenticate(block, chainKey)
}

/** The key of branch 0…15 of a block. */
export function branchKeyOf(blockKey: Uint8Array, branch: number): Uint8Array {
  return authenticate(branches[branch] as Uint8Array, blockKey)
}

/** Message key 0…15 of a branch. */
export function leafKeyOf(branchKey: Uint8Array, leaf: number): Uint8Array {
  return authenticate(leaves[leaf] as Uint8Array, branchKey)
}

function numbered(label: string): readonly Uint8Array[] {
  return Array.from({ length: 16 }, (_, i) => labelled(label, u8(i)))
}
