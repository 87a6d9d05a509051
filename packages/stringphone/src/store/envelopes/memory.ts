import type { Changes, EnvelopeDisk } from "./disk.js"
import { EnvelopeIndex, type Row } from "./envelope-index.js"
import { IndexedEnvelopeStore } from "./indexed-store.js"
import type { EnvelopeStore } from "./port.js"

/**
 * An envelope store that forgets everything with the process, for tests and for hubs that only pass on.
 *
 * @example
 * const store = createMemoryEnvelopeStore()
 * const { count } = await store.usage() // → 0
 */
export function createMemoryEnvelopeStore(): EnvelopeStore {
  return new IndexedEnvelopeStore(new EnvelopeIndex(), new MemoryDisk())
}

/** The place of an envelope is its bytes. */
class MemoryDisk implements EnvelopeDisk<Uint8Array> {
  async write({ added }: Changes<Uint8Array>): Promise<readonly Uint8Array[]> {
    return added.map(({ bytes }) => bytes)
  }

  async read(rows: readonly Row<Uint8Array>[]): Promise<readonly Uint8Array[]> {
    return rows.map(({ place }) => new Uint8Array(place))
  }

  async drop(): Promise<void> {}

  async expire(): Promise<void> {}

  async close(): Promise<void> {}
}
