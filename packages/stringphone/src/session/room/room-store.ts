import { ChannelError, UsageError } from "../../bytes/index.js"
import { randomBytes } from "../../crypto/index.js"
import type { Room } from "../../room/index.js"
import type { Store } from "../../store/index.js"

/**
 * Where a room is kept: the whole state, and beside it a small log of what happened since. Whoever
 * opened it last owns it: what an earlier owner still wants to save fails, and so it sends nothing.
 */
export class RoomStore {
  readonly saved: { readonly state: Uint8Array | null; readonly log: Uint8Array | null }
  readonly #store: Store
  readonly #prefix: string
  readonly #ownerVersion: string
  /** The whole state could not be saved: what a log would add to is not there. */
  #isOutdated = false

  private constructor(
    store: Store,
    prefix: string,
    ownerVersion: string,
    saved: { readonly state: Uint8Array | null; readonly log: Uint8Array | null },
  ) {
    this.#store = store
    this.#prefix = prefix
    this.#ownerVersion = ownerVersion
    this.saved = saved
  }

  /** @throws {UsageError} `bad-room-name` */
  static async open(store: Store, name: string): Promise<RoomStore> {
    if (!/^[^\p{C}/]{1,64}$/u.test(name)) {
      throw new UsageError(
        "bad-room-name",
        "A room's name in the store has 1 to 64 characters, none of them a slash or invisible.",
      )
    }
    const prefix = `room/${name}`
    await store.commit({ writes: [{ key: `${prefix}/owner`, value: randomBytes(16) }] })
    const owner = await store.get(`${prefix}/owner`)
    const state = await store.get(`${prefix}/state`)
    const log = await store.get(`${prefix}/log`)
    const saved = { state: state?.value ?? null, log: log?.value ?? null }
    return new RoomStore(store, prefix, owner?.version ?? "", saved)
  }

  /** @throws {ChannelError} `taken-over`, and those of the store */
  async save(room: Room, what: "log" | "all" = "all"): Promise<"log" | "all"> {
    const log = what === "log" && !this.#isOutdated ? room.saveLog() : null
    if (!log) this.#isOutdated = true
    const writes = log
      ? [{ key: `${this.#prefix}/log`, value: log }]
      : [
          { key: `${this.#prefix}/state`, value: room.save() },
          { key: `${this.#prefix}/log`, value: null },
        ]
    const checks = [{ key: `${this.#prefix}/owner`, version: this.#ownerVersion }]
    if (await this.#store.commit({ checks, writes })) {
      if (!log) this.#isOutdated = false
      return log ? "log" : "all"
    }
    throw new ChannelError(
      "taken-over",
      "Another program has opened this room and goes on with it; this one can not any more.",
    )
  }
}
