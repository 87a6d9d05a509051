import { ChannelError } from "stringphone/bytes"
import type { EnvelopeStore } from "./open-hub.js"

const lookEveryMs = 5_000
const answerWithinMs = 10_000
/** Of no envelope; asking for it costs next to nothing. */
const noId: Uint8Array = new Uint8Array(32)

/** Whether a database answers: it may go away while nobody has anything to store. */
export class ArchiveWatch {
  readonly #store: Pick<EnvelopeStore, "has">
  readonly #onChange: (trouble: ChannelError | null) => void
  readonly #timer: NodeJS.Timeout
  #trouble: ChannelError | null = null
  #isLooking = false
  #isClosed = false

  /** @param onChange `null`: it answers again */
  constructor(store: Pick<EnvelopeStore, "has">, onChange: (trouble: ChannelError | null) => void) {
    this.#store = store
    this.#onChange = onChange
    this.#timer = setInterval(() => this.look(), lookEveryMs)
  }

  /** Why it does not answer; `null`: it does. */
  get trouble(): ChannelError | null {
    return this.#trouble
  }

  /** Now instead of when it is due, as after something failed. */
  look(): void {
    if (this.#isLooking || this.#isClosed) return
    this.#isLooking = true
    void this.#ask().finally(() => {
      this.#isLooking = false
    })
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
  }

  async #ask(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const silence = new Promise<never>((_, reject) => {
      const error = new ChannelError("store-failed", "The database does not answer.")
      timer = setTimeout(() => reject(error), answerWithinMs)
    })
    const trouble = await Promise.race([this.#store.has([noId]), silence]).then(
      () => null,
      (error: unknown) =>
        error instanceof ChannelError
          ? error
          : new ChannelError("store-failed", "The database can not be asked.", { cause: error }),
    )
    clearTimeout(timer)
    const hasChanged = (trouble === null) !== (this.#trouble === null)
    this.#trouble = trouble
    if (hasChanged && !this.#isClosed) this.#onChange(trouble)
  }
}
