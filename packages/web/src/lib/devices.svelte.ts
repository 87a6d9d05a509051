import type { StateMessage, HomeMessage } from "@stringphone/cli/home-messages"
import { answered, type CommandProgress, noCommand, timedOut } from "./command.ts"
import { emptyHistory, type History, withReadings } from "./history.ts"
import { isRepeated } from "./news.ts"

/** One device as it last told about itself. */
export interface Device {
  /** Its Ed25519 key in hexadecimal. */
  readonly key: string
  readonly publicKey: Uint8Array
  /** What it calls itself: text of a peer. */
  readonly name: string
  readonly state: StateMessage
  readonly heardMs: number
  readonly history: History
  readonly command: CommandProgress
}

/** Devices tell at least every five seconds: one of those may get lost. */
export const staleAfterMs = 12_000

/** What the trusted devices of this home say. Nothing here outlives the page. */
export class Devices {
  all = $state.raw<readonly Device[]>([])

  get(key: string): Device | null {
    return this.all.find((device) => device.key === key) ?? null
  }

  hear(
    key: string,
    publicKey: Uint8Array,
    message: HomeMessage,
    ownId: string,
    nowMs: number,
  ): void {
    const before = this.get(key)
    if (isRepeated(before?.state, message)) return
    const command = answered(before?.command ?? noCommand, message, ownId)
    if (message.kind === "state") {
      const history = before?.history ?? emptyHistory
      this.#set({
        key,
        publicKey,
        name: message.name,
        state: message,
        heardMs: nowMs,
        history:
          message.device === "computer" ? withReadings(history, message.readings, nowMs) : history,
        command,
      })
    } else if (before && command !== before.command) {
      this.#set({ ...before, command })
    }
  }

  progress(key: string, command: CommandProgress): void {
    const device = this.get(key)
    if (device) this.#set({ ...device, command })
  }

  tick(nowMs: number): void {
    for (const device of this.all) {
      const command = timedOut(device.command, nowMs)
      if (command !== device.command) this.#set({ ...device, command })
    }
  }

  /** Forgets those who are revoked, or no contacts any more. */
  keep(isKnown: (publicKey: Uint8Array) => boolean): void {
    const kept = this.all.filter(({ publicKey }) => isKnown(publicKey))
    if (kept.length < this.all.length) this.all = kept
  }

  #set(device: Device): void {
    const others = this.all.filter(({ key }) => key !== device.key)
    this.all = [...others, device].sort(byKindAndKey)
  }
}

const order = { computer: 0, lamp: 1, lock: 2 }

function byKindAndKey(a: Device, b: Device): number {
  return order[a.state.device] - order[b.state.device] || (a.key < b.key ? -1 : 1)
}
