import { randomBytes, randomInt } from "node:crypto"

export const eavesdropperActions = ["flip", "replay", "drop", "inject"] as const

/**
 * What somebody at the broker can do to the messages of devices. `flip`: one bit of the next one.
 * `drop`: the next one disappears. `replay`: the last one comes again; none of an epoch that is over,
 * whose keys may be gone with who was removed. `inject`: an invented one comes in the name of who sent
 * the last one.
 */
export type EavesdropperAction = (typeof eavesdropperActions)[number]

/** What becomes of a message on its way: other bytes, or `null`, nothing. */
export type Tampered = Uint8Array | null

/** `busy`: too many orders wait for a message already. */
export type ActionOutcome = "done" | "nothing-recorded" | "busy"

const maxWaiting = 8

/**
 * The one in the middle, without any key. It sees what every broker sees, spec/topic.md §3:
 *
 *   0      1       3            7         11      19
 *   +------+-------+------------+---------+-------+----------------------------+
 *   | type | epoch | sender tag | counter | guard | sealed, 80 bytes and more  |
 *   +------+-------+------------+---------+-------+----------------------------+
 */
export class Eavesdropper {
  readonly #send: (message: Uint8Array) => void
  #waiting: readonly ("flip" | "drop")[] = []
  /** The last message that went through, and the last header: control messages count, too. */
  #recorded: Uint8Array | null = null
  #lastHeader: Uint8Array | null = null

  /** @param send brings a message to all who listen */
  constructor(send: (message: Uint8Array) => void) {
    this.#send = send
  }

  act(action: EavesdropperAction): ActionOutcome {
    if (action === "flip" || action === "drop") {
      if (this.#waiting.length >= maxWaiting) return "busy"
      this.#waiting = [...this.#waiting, action]
      return "done"
    }
    const message =
      action === "replay" ? this.#recorded : this.#lastHeader && forged(this.#lastHeader)
    if (!message) return "nothing-recorded"
    this.#send(message)
    return "done"
  }

  /** A device says something. */
  pass(message: Uint8Array): Tampered {
    const type = String.fromCharCode(message[0] ?? 0)
    if (!"MTBC".includes(type) || message.length < 99) return message
    const header = message.slice(0, headerBytes)
    if (this.#recorded && epochOf(header) !== epochOf(this.#recorded)) this.#recorded = null
    this.#lastHeader = header
    if (type === "C") return message
    const [order, ...rest] = this.#waiting
    if (order === undefined) {
      this.#recorded = message.slice()
      return message
    }
    this.#waiting = rest
    return order === "drop" ? null : flipped(message)
  }
}

const headerBytes = 19
const epochAt = 1
const guardAt = 11
const counterAt = 7

function epochOf(message: Uint8Array): number {
  return new DataView(message.buffer, message.byteOffset).getUint16(epochAt)
}

/** Behind the header, so that its receivers look at it as one of its sender's. */
function flipped(message: Uint8Array): Uint8Array {
  const bytes = message.slice()
  const at = randomInt(headerBytes, bytes.length)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << randomInt(8))
  return bytes
}

/** All that can be known is right: epoch, tag, the next counter. The rest needs keys. */
function forged(header: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(headerBytes + randomInt(80, 200))
  bytes.set(header)
  bytes[0] = "M".charCodeAt(0)
  const view = new DataView(bytes.buffer)
  view.setUint32(counterAt, (view.getUint32(counterAt) + 1) >>> 0)
  bytes.set(randomBytes(bytes.length - guardAt), guardAt)
  return bytes
}
