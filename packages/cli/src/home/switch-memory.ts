import { fromUtf8, utf8 } from "stringphone/bytes"
import { type Store, update } from "stringphone/store"

/** What a lamp or a lock must not forget. */
export interface SwitchState {
  readonly value: boolean
  /** `id` of the last command that it carried out. */
  readonly done: string | null
}

const entry = "switch"

/** A switch in a store: saved before it counts. */
export class SwitchMemory {
  readonly #store: Store
  #state: SwitchState

  private constructor(store: Store, state: SwitchState) {
    this.#store = store
    this.#state = state
  }

  /** @throws {ChannelError} those of the store */
  static async load(store: Store, value: boolean): Promise<SwitchMemory> {
    const saved = await store.get(entry)
    const state = saved && readState(saved.value)
    return new SwitchMemory(store, state ?? { value, done: null })
  }

  get state(): SwitchState {
    return this.#state
  }

  /**
   * Carries out a command. Nothing is changed when saving fails.
   * @throws {ChannelError} those of the store, as `store-full`
   */
  async obey(id: string, value: boolean): Promise<void> {
    const next: SwitchState = { value, done: id }
    await update(this.#store, entry, () => utf8(JSON.stringify(next)))
    this.#state = next
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}

/**
 * @returns `null` for what is no state: the switch then starts anew. Classic homes wrote more, and
 * another `done`.
 */
function readState(bytes: Uint8Array): SwitchState | null {
  try {
    const { done, value } = JSON.parse(fromUtf8(bytes) ?? "") as Record<string, unknown>
    if (typeof value !== "boolean") return null
    return { value, done: typeof done === "string" && /^[0-9a-f]{16}$/.test(done) ? done : null }
  } catch {
    return null
  }
}
