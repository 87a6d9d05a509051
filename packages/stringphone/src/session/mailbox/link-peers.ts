import { hex } from "../../bytes/index.js"
import type { LinkRun } from "./link-run.js"

/** Another hub on the channel. */
export interface LinkPeer {
  /** 8 bytes. */
  readonly number: Uint8Array
  /** As the channel names it; `null`: it does not. */
  readonly from: string | null
  /** The name under which it is charged. */
  readonly link: string
  maxFrameBytes: number
  lastHeardMs: number
  nextRunMs: number
  run: LinkRun | null
  completeRuns: number
  /** In a row. */
  failures: number
}

/** Who else is there, as far as they say; a bounded number of them. [SYNC-2-5] */
export class LinkPeers {
  readonly #max: number
  readonly #peers = new Map<string, LinkPeer>()

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#peers.size
  }

  all(): LinkPeer[] {
    return [...this.#peers.values()]
  }

  get(number: Uint8Array, from: string | null): LinkPeer | null {
    return this.#peers.get(keyOf(number, from)) ?? null
  }

  /** @returns who had to make room for it, or `null` */
  add(peer: LinkPeer): LinkPeer | null {
    const displaced = this.#peers.size >= this.#max ? this.#leastUseful() : null
    if (displaced) this.delete(displaced)
    this.#peers.set(keyOf(peer.number, peer.from), peer)
    return displaced
  }

  delete({ from, number }: LinkPeer): void {
    this.#peers.delete(keyOf(number, from))
  }

  /** Numbers cost nothing, finished runs do: those without go first, of these the longest unheard. */
  #leastUseful(): LinkPeer | null {
    return this.all().reduce<LinkPeer | null>((least, peer) => {
      if (least === null) return peer
      const difference = Number(peer.completeRuns > 0) - Number(least.completeRuns > 0)
      if (difference !== 0) return difference < 0 ? peer : least
      return peer.lastHeardMs < least.lastHeardMs ? peer : least
    }, null)
  }
}

function keyOf(number: Uint8Array, from: string | null): string {
  return `${hex(number)} ${from ?? ""}`
}
