import { sameBytes } from "stringphone/bytes"
import type { TopicEvent } from "stringphone/session"
import type { Device } from "./device.js"
import type { Emit } from "./event.js"
import type { Names } from "./names.js"
import type { Rejections } from "./rejections.js"

/** What was said while we were away is missing, too, and no news: not for so long after we came. */
const settlingMs = 10_000

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
  readonly #startMs = performance.now()
  /** When a device's connection came back. */
  readonly #backMs = new Map<Device, number>()
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
        if (!event.atRemoval) this.#gap(device, event.from.publicKey, event.missing)
        return
      case "rejected": {
        const { claimed, code, encoded } = event
        return rejections.hear(device, code, claimed?.publicKey ?? null, encoded)
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
      case "channel": {
        const isBack = event.event.kind === "status" && event.event.status === "open"
        if (isBack) this.#backMs.set(device, performance.now())
        return
      }
      case "failed": // the device tells it
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

  /** The rest of a block, which a restart left, is no news either: it is only possibly missing. */
  #gap(device: Device, from: Uint8Array, missing: number): void {
    const { devices, emit, names } = this.#options
    const listener = devices().find(({ publicKey }) => !sameBytes(publicKey, from))
    const sinceMs = performance.now() - (this.#backMs.get(device) ?? this.#startMs)
    if (missing === 0 || device !== listener || sinceMs < settlingMs) return
    emit({ event: "gap", of: names.of(from), missing })
  }

  #warn(text: string): void {
    this.#options.emit({ event: "notice", level: "warning", text })
  }
}
