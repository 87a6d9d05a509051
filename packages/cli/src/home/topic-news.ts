import { sameBytes } from "stringphone/bytes"
import type { TopicEvent } from "stringphone/session"
import type { Device } from "./device.js"
import type { Emit } from "./event.js"
import type { Names } from "./names.js"
import type { Rejections } from "./rejections.js"

type Rekeyed = Extract<TopicEvent, { kind: "rekeyed" }>

export interface TopicNewsOptions {
  readonly devices: () => readonly Device[]
  readonly names: Names
  readonly rejections: Rejections
  readonly emit: Emit
}

/** What happens in the topic, told once though every device hears it. */
export class TopicNews {
  readonly #options: TopicNewsOptions
  #epoch = 0

  constructor(options: TopicNewsOptions) {
    this.#options = options
  }

  hear(device: Device, event: TopicEvent): void {
    const { emit, names, rejections } = this.#options
    switch (event.kind) {
      case "rekeyed":
        return void this.#rekeyed(event)
      case "gap":
        return this.#gap(device, event.from.publicKey, event.missing)
      case "rejected": {
        const claimed = event.claimed && names.of(event.claimed.publicKey)
        return rejections.hear(device, event.code, claimed, event.encoded)
      }
      case "removed":
        device.log.add("Was removed from the topic")
        return emit({ event: "removed", device: device.body.kind, by: names.key(event.by) })
      case "old-copy":
        return this.#warn(
          `What ${device.body.name} had saved was an old copy. It goes on, and accepts nothing twice.`,
        )
      case "taken-over":
        return this.#warn(
          `Another program plays ${device.body.name} now. End it, and start this home again.`,
        )
      case "failed": // the device tells it
      case "channel": // the home watches the connections of all devices together
      case "branch":
      case "joined":
      case "behind":
        return
    }
  }

  async #rekeyed({ added, by, epoch, removed }: Rekeyed): Promise<void> {
    if (epoch <= this.#epoch) return
    this.#epoch = epoch
    const { emit, names } = this.#options
    await names.refresh().catch(() => {}) // it is told with the names from before, then
    const named = (keys: readonly Uint8Array[]) => keys.map((key) => names.key(key))
    emit({
      event: "rekeyed",
      epoch,
      by: names.key(by),
      added: named(added),
      removed: named(removed),
    })
  }

  /** The rest of a block, which a restart left, is no news. */
  #gap(device: Device, from: Uint8Array, missing: number): void {
    const { devices, emit, names } = this.#options
    const listener = devices().find(({ publicKey }) => !sameBytes(publicKey, from))
    if (missing > 0 && device === listener) emit({ event: "gap", of: names.of(from), missing })
  }

  #warn(text: string): void {
    this.#options.emit({ event: "notice", level: "warning", text })
  }
}
