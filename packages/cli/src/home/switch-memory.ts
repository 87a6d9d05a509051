import { fromUtf8, utf8 } from "stringphone/bytes"
import { type Store, update } from "stringphone/store"
import type { CommandReceipt } from "./messages.js"

/** What a lamp or a lock must not forget. */
export interface SwitchState {
  readonly value: boolean
  /** The last command that it carried out. */
  readonly done: CommandReceipt | null
  /** The highest number of each sender, by participant ID: only a higher one is new. */
  readonly sequences: Readonly<Record<string, number>>
}

const entry = "switch"

/** A switch in a store: changed only by commands that are new, and saved before it counts. */
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
    return new SwitchMemory(store, state ?? { value, done: null, sequences: {} })
  }

  get state(): SwitchState {
    return this.#state
  }

  /**
   * Carries out a command, if it is new. Nothing is changed when saving fails.
   * @throws {ChannelError} those of the store, as `store-full`
   */
  async obey(receipt: CommandReceipt, value: boolean): Promise<"done" | "stale"> {
    const { from, sequence } = receipt
    if (sequence <= (this.#state.sequences[from] ?? 0)) return "stale"
    const sequences = { ...this.#state.sequences, [from]: sequence }
    const next: SwitchState = { value, done: receipt, sequences }
    await update(this.#store, entry, () => utf8(JSON.stringify(next)))
    this.#state = next
    return "done"
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}

/** @returns `null` for what is no state: the switch then starts anew. */
function readState(bytes: Uint8Array): SwitchState | null {
  try {
    const value = JSON.parse(fromUtf8(bytes) ?? "") as SwitchState
    return typeof value.value === "boolean" && typeof value.sequences === "object" ? value : null
  } catch {
    return null
  }
}
