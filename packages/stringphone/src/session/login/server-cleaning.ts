import { update } from "../../store/index.js"
import { decodeJson, encodeJson } from "../../bytes/index.js"
import type { ServerContext } from "./server-context.js"
import { idParts, keys } from "./server-entries.js"
import type { ServerRegistrations } from "./server-registrations.js"

/** How steadily the clock has run. */
interface ClockEntry {
  readonly sinceMs: number
  readonly lastMs: number
}

const roundMs = 3_600_000
const dayMs = 86_400_000
/** The clock is looked at so often. */
const clockMs = 30_000
/** With more in one part the parts are made smaller, so that no pass holds up the calls. */
const mostAtOnce = 1_000
const smallerParts = Array.from(idParts).flatMap((first) =>
  Array.from(idParts).map((next) => first + next),
)

/**
 * Removes what nobody asks about any more: each part at most once an hour, whenever something comes. It has no
 * timer, and nobody waits for it.
 */
export class ServerCleaning {
  readonly #context: ServerContext
  readonly #registrations: ServerRegistrations
  #parts: readonly string[] = Array.from(idParts)
  #part = 0
  #clock: { readonly readMs: number; readonly isSteady: boolean } | null = null
  #lastMs: number | null = null
  #running: Promise<void> | null = null

  constructor(context: ServerContext, registrations: ServerRegistrations) {
    this.#context = context
    this.#registrations = registrations
  }

  /** Something came. */
  notice(): void {
    const nowMs = this.#context.wallClock()
    const isDue =
      this.#lastMs === null || Math.abs(nowMs - this.#lastMs) >= roundMs / this.#parts.length
    if (!isDue || this.#running) return
    this.#lastMs = nowMs
    this.#running = this.#cleanPart(nowMs).finally(() => (this.#running = null))
  }

  /** What is under way. */
  async settled(): Promise<void> {
    await this.#running
  }

  async #cleanPart(nowMs: number): Promise<void> {
    const { attempts, lanes, limits, sessions, tell } = this.#context
    const part = this.#parts[this.#part] ?? ""
    this.#part = (this.#part + 1) % this.#parts.length
    try {
      if (this.#part === 0) await attempts.removeOld(nowMs)
      await limits.removeForgotten(part, nowMs)
      const laneCount = await lanes.removeOld(part, nowMs)
      if (laneCount > mostAtOnce) this.#makeSmaller()
      if (!(await this.#isClockSteady(nowMs))) return
      if ((await sessions.removeForgotten(part)) > mostAtOnce) this.#makeSmaller()
      await this.#registrations.removeForgotten(part)
    } catch (error) {
      tell({ kind: "trouble", error })
    }
  }

  #makeSmaller(): void {
    if (this.#parts === smallerParts) return
    this.#parts = smallerParts
    this.#part *= idParts.length
  }

  /** A date that leapt may be wrong: nothing that lasts is removed for a day. [LOGIN-10-1] */
  async #isClockSteady(nowMs: number): Promise<boolean> {
    const clock = this.#clock
    if (clock && Math.abs(nowMs - clock.readMs) < clockMs) return clock.isSteady
    let isSteady = false
    await update(this.#context.store, keys.clock, (current) => {
      const before = current && (decodeJson(current) as ClockEntry)
      const goesOn = before && nowMs >= before.lastMs && nowMs - before.lastMs <= dayMs
      const sinceMs = goesOn ? before.sinceMs : nowMs
      isSteady = nowMs - sinceMs >= dayMs
      return encodeJson({ sinceMs, lastMs: nowMs })
    })
    this.#clock = { readMs: nowMs, isSteady }
    return isSteady
  }
}
