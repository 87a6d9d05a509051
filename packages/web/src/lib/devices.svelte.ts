import type { StateMessage, HomeMessage } from "@stringphone/cli/home-messages"
import type { ReceivedMessage } from "stringphone"
import { hex } from "stringphone/bytes"
import { answered, type CommandProgress, noCommand, timedOut } from "./command.ts"
import { emptyHistory, type History, withReadings } from "./history.ts"

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

/** What the devices of this home say. Nothing here outlives the page. */
export class Devices {
  all = $state.raw<readonly Device[]>([])

  get(key: string): Device | null {
    return this.all.find((device) => device.key === key) ?? null
  }

  /** @param ownKey our public key in hexadecimal */
  hear(
    { at, from, isLate }: Pick<ReceivedMessage, "at" | "from" | "isLate">,
    message: HomeMessage,
    ownKey: string,
  ): void {
    const { publicKey } = from
    const key = hex(publicKey)
    const before = this.get(key)
    const command = answered(before?.command ?? noCommand, message, ownKey)
    // What was sent before the state that is shown is no news.
    if (message.kind === "state" && !(isLate && before)) {
      const history = before?.history ?? emptyHistory
      this.#set({
        key,
        publicKey,
        name: message.name,
        state: message,
        heardMs: at,
        history:
          message.device === "computer" ? withReadings(history, message.readings, at) : history,
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

  /** Forgets those who are no members any more. */
  keep(isMember: (key: string) => boolean): void {
    const kept = this.all.filter(({ key }) => isMember(key))
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
