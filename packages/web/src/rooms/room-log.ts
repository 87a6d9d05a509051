import { fromUtf8, utf8 } from "stringphone/bytes"
import { type Store, update } from "stringphone/store"
import type { RoomEntry } from "./room-entry.ts"

const maxCharacters = 400_000

/**
 * What was said, kept in this browser only, so that it is there after a reload: the channel's own
 * history can not be read again by anybody.
 */
export class RoomLog {
  readonly #store: Store
  readonly #key: string
  #latest: readonly RoomEntry[] | null = null
  #writing: Promise<void> | null = null

  constructor(store: Store, roomId: string) {
    this.#store = store
    this.#key = `page/room-log/${roomId}`
  }

  async load(): Promise<readonly RoomEntry[]> {
    const saved = await this.#store.get(this.#key)
    try {
      const entries = saved ? (JSON.parse(fromUtf8(saved.value) ?? "") as readonly RoomEntry[]) : []
      return entries.map(afterReload)
    } catch {
      return []
    }
  }

  /** Written at once, for a page may be gone in the next moment; what comes meanwhile, together. */
  changed(entries: readonly RoomEntry[]): void {
    this.#latest = entries
    this.#writing ??= this.#write().finally(() => (this.#writing = null))
  }

  async close(): Promise<void> {
    await this.#writing
  }

  async forget(): Promise<void> {
    this.#latest = null
    await this.#writing
    await update(this.#store, this.#key, () => null)
  }

  async #write(): Promise<void> {
    while (this.#latest) {
      const bytes = utf8(JSON.stringify(newest(this.#latest)))
      this.#latest = null
      try {
        await update(this.#store, this.#key, () => bytes)
      } catch {
        // Where it can not be kept the room goes on.
      }
    }
  }
}

/** The last ones, as many as may be kept. */
export function newest(entries: readonly RoomEntry[]): readonly RoomEntry[] {
  let left = maxCharacters
  const first = entries.findLastIndex((entry) => (left -= entry.text.length) < 0)
  return entries.slice(first + 1)
}

/** Nobody knows what became of what was under way. */
function afterReload(entry: RoomEntry): RoomEntry {
  const isUnderWay = entry.kind === "message" && entry.sending === "under way"
  return isUnderWay ? { ...entry, sending: "perhaps not sent" } : entry
}
