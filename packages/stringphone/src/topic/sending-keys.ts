import { UsageError } from "../bytes/index.js"
import {
  blockKeyOf,
  blockSize,
  branchKeyOf,
  branchSize,
  leafKeyOf,
  nextChainKey,
} from "./key-chain.js"

/** Where the next block is taken from; saved, and shared by all processes of one identity. */
export interface SendingChain {
  /** The chain key at `block`. */
  readonly chainKey: Uint8Array
  /** The first block that nobody took. */
  readonly block: number
}

/** Blocks in one epoch: counters have 32 bits. */
export const maxBlocks: number = 2 ** 24

/** Takes the next block. What it returns as `chain` is to be saved before `keys` are used. [TOPIC-6-2] */
export function takeBlock(chain: SendingChain): {
  readonly chain: SendingChain
  readonly keys: SendingKeys
} {
  if (chain.block >= maxBlocks) {
    throw epochExhausted()
  }
  return {
    chain: { chainKey: nextChainKey(chain.chainKey), block: chain.block + 1 },
    keys: new SendingKeys(blockKeyOf(chain.chainKey), chain.block * blockSize),
  }
}

export function epochExhausted(): UsageError {
  return new UsageError(
    "epoch-exhausted",
    "No message number is left. Let an admin rotate the key.",
  )
}

/** The chain `blocks` further on: what lies between is given up. */
export function skipBlocks(chain: SendingChain, toBlock: number): SendingChain {
  let { chainKey } = chain
  for (let block = chain.block; block < toBlock; block++) chainKey = nextChainKey(chainKey)
  return { chainKey, block: Math.max(chain.block, toBlock) }
}

/** The 256 message keys of one block, each given once. In memory only. */
export class SendingKeys {
  readonly #branches: Uint8Array[]
  readonly #leaves: Uint8Array[] = []
  #counter: number

  constructor(blockKey: Uint8Array, firstCounter: number) {
    // Last first, so that each is popped, and gone, when its turn comes.
    this.#branches = Array.from({ length: branchSize }, (_, i) =>
      branchKeyOf(blockKey, branchSize - 1 - i),
    )
    this.#counter = firstCounter
  }

  /** How many are left. */
  get left(): number {
    return this.#branches.length * branchSize + this.#leaves.length
  }

  /** The counter that is next. */
  get counter(): number {
    return this.#counter
  }

  /** The next counter and its key; only while some are `left`. */
  next(): { readonly counter: number; readonly key: Uint8Array } {
    if (this.#leaves.length === 0) {
      const branch = this.#branches.pop() as Uint8Array
      for (let leaf = branchSize - 1; leaf >= 0; leaf--) this.#leaves.push(leafKeyOf(branch, leaf))
    }
    return { counter: this.#counter++, key: this.#leaves.pop() as Uint8Array }
  }
}
