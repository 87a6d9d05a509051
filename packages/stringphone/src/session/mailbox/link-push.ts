import {
  channelOfLink,
  encodeParcels,
  keyOfId,
  parcelLengthBytes,
  parcelsHeaderBytes,
  stampBytes,
} from "../../mailbox/hub/index.js"
import type { ReleasedEnvelope } from "./hub-types.js"
import { packed } from "./link-sending.js"

export interface PushPorts {
  readonly read: (ids: readonly Uint8Array[]) => Promise<readonly Uint8Array[]>
  /** To all. */
  readonly send: (body: Uint8Array) => Promise<void>
  /** Of a frame to all, without its header. */
  readonly maxBodyBytes: () => number
  readonly hasPeers: () => boolean
  /** This was too much: a run has to bring it. */
  readonly leave: () => void
  readonly onTrouble: (error: unknown) => void
}

/** So many that came by on the channel are remembered. */
const maxSeen = 8_192

/** What the hub lets go of goes to all on the channel, once. [SYNC-2-15] */
export class LinkPush {
  readonly #ports: PushPorts
  readonly #channel: string
  readonly #maxBytes: number
  readonly #seen = new Set<string>()
  #last: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(ports: PushPorts, channel: string, maxBytes: number) {
    this.#ports = ports
    this.#channel = channelOfLink(channel)
    this.#maxBytes = maxBytes
  }

  /** It came by: all on the channel have it. */
  see(id: Uint8Array): void {
    const [oldest] = this.#seen
    if (this.#seen.size >= maxSeen && oldest !== undefined) this.#seen.delete(oldest)
    this.#seen.add(keyOfId(id))
  }

  push(envelopes: readonly ReleasedEnvelope[]): void {
    const news = envelopes.filter(
      ({ id, link }) => channelOfLink(link) !== this.#channel && !this.#seen.has(keyOfId(id)),
    )
    if (news.length === 0 || !this.#ports.hasPeers()) return
    const bytes = news.reduce((sum, { size }) => sum + size, 0)
    const largest = news.reduce((most, { size }) => Math.max(most, size), 0)
    const room = this.#ports.maxBodyBytes() - parcelsHeaderBytes - parcelLengthBytes
    if (bytes > this.#maxBytes || largest + stampBytes > room) return this.#ports.leave()
    const ids = news.map(({ id }) => id)
    this.#last = this.#last.then(() => this.#send(ids)).catch(this.#ports.onTrouble)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#last
  }

  async #send(ids: readonly Uint8Array[]): Promise<void> {
    const parcels = await this.#ports.read(ids)
    for (const frame of packed(parcels, this.#ports.maxBodyBytes())) {
      if (this.#isClosed) return
      await this.#ports.send(encodeParcels({ run: 0, position: 0, parcels: frame }))
    }
  }
}
