import { dayMs } from "../day.js"

/**
 * Whether the date can be believed. A clock that jumps a month ahead would make a hub drop all its mail;
 * so after a jump nothing expires for a day, in which a person may put it right. [HUB-5-2]
 */
export class ClockWatch {
  #wallMs: number
  #steadyMs: number
  #trustFromMs: number

  /**
   * @param wallMs milliseconds since 1970
   * @param steadyMs of a clock that nobody sets
   */
  constructor(wallMs: number, steadyMs: number) {
    this.#wallMs = wallMs
    this.#steadyMs = steadyMs
    this.#trustFromMs = steadyMs
  }

  /** @returns the days of a jump that was not seen before, or 0 */
  look(wallMs: number, steadyMs: number): number {
    const jumpMs = wallMs - this.#wallMs - (steadyMs - this.#steadyMs)
    this.#wallMs = wallMs
    this.#steadyMs = steadyMs
    if (Math.abs(jumpMs) < dayMs) return 0
    this.#trustFromMs = steadyMs + dayMs
    return Math.round(jumpMs / dayMs)
  }

  isTrusted(steadyMs: number): boolean {
    return steadyMs >= this.#trustFromMs
  }

  /** A person says that the date is right. */
  trust(): void {
    this.#trustFromMs = -Infinity
  }
}
