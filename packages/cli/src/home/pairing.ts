import { ChannelError, hex, UsageError } from "stringphone/bytes"
import { contactByKey, petnameKey } from "stringphone/identity"
import type { JoinRequest } from "stringphone/topic/classic"
import { reportKey } from "../person.js"
import type { Device } from "./device.js"
import type { Emit } from "./event.js"

export interface PairingOptions {
  readonly devices: readonly Device[]
  readonly emit: Emit
  /** New phones may ask for this long. */
  readonly windowMs: number
}

/** A phone that asks: once for the person, though every device heard it. */
interface Asking {
  readonly publicKey: Uint8Array
  offers: number
  readonly heardBy: Set<Device>
}

/** Somebody who compares eight words should not be cut off: that long a question outlives its window. */
const graceMs = 60_000

/**
 * Opens and closes the pairing windows of all devices at once, and puts each phone that asks before
 * the person once. Nothing is ever accepted without an answer.
 */
export class Pairing {
  readonly #options: PairingOptions
  readonly #asking = new Map<string, Asking>()
  /** Accepted in this window: a device that hears the phone late obeys the same answer. */
  readonly #accepted = new Map<string, string>()
  #untilMs = 0
  #timer: NodeJS.Timeout | null = null

  constructor(options: PairingOptions) {
    this.#options = options
  }

  /** Milliseconds in which new phones may still ask. */
  get leftMs(): number {
    return this.#timer ? Math.max(0, this.#untilMs - performance.now()) : 0
  }

  /** Who waits for the person's answer. */
  get question(): { readonly publicKey: Uint8Array; readonly more: number } | null {
    const [first] = this.#asking.values()
    return first ? { publicKey: first.publicKey, more: this.#asking.size - 1 } : null
  }

  async open(): Promise<void> {
    const { devices, emit, windowMs } = this.#options
    this.#asking.clear()
    this.#accepted.clear()
    if (this.#timer) clearTimeout(this.#timer)
    this.#untilMs = performance.now() + windowMs
    this.#timer = setTimeout(() => this.#timeIsOver(), windowMs)
    emit({ event: "pairing", open: true, seconds: Math.round(windowMs / 1000) })
    await Promise.all(devices.map(({ session }) => session.openPairing(windowMs + graceMs)))
  }

  /** Closes the windows; who waits for an answer may ask another time. */
  close(because: "time" | "person" | "done"): void {
    if (!this.#timer) return
    clearTimeout(this.#timer)
    this.#timer = null
    this.#asking.clear()
    for (const { session } of this.#options.devices) session.closePairing()
    this.#options.emit({ event: "pairing", open: false, because })
  }

  hear(device: Device, request: JoinRequest): void {
    // The devices have the topic key: whoever offers them one can not mean well.
    if (request.kind !== "introduction" || !this.#timer) return
    const id = hex(request.publicKey)
    const petname = this.#accepted.get(id)
    if (petname !== undefined) {
      void this.#accept([device], request.publicKey, petname)
      return
    }
    const known = this.#asking.get(id)
    if (!known && this.leftMs === 0) return
    const asking = known ?? { publicKey: request.publicKey, offers: 0, heardBy: new Set<Device>() }
    const isNews = request.offers.length > asking.offers
    asking.offers = Math.max(asking.offers, request.offers.length)
    asking.heardBy.add(device)
    this.#asking.set(id, asking)
    if (isNews) this.#show(asking)
  }

  /** The person's answer to the question. */
  async answer(yes: boolean): Promise<void> {
    const [asking] = this.#asking.values()
    if (!asking) return
    const { publicKey, heardBy } = asking
    const id = hex(publicKey)
    this.#asking.delete(id)
    if (yes) {
      const petname = await this.#choosePetname(publicKey)
      this.#accepted.set(id, petname)
      await this.#accept([...heardBy], publicKey, petname)
    } else {
      for (const { session } of this.#options.devices) session.refuse(publicKey)
      this.#options.emit({ event: "turned-away", ...reportKey(publicKey) })
    }
    const [next] = this.#asking.values()
    if (next) this.#show(next)
    else if (this.leftMs === 0) this.close("time")
  }

  #show({ publicKey, offers }: Asking): void {
    const [device] = this.#options.devices
    const petname = device?.session.contact(publicKey)?.petname ?? null
    // One question at a time: the others come when this one is answered.
    if (this.question?.publicKey !== publicKey) return
    this.#options.emit({ event: "request", petname, offers, ...reportKey(publicKey) })
  }

  async #accept(all: readonly Device[], publicKey: Uint8Array, petname: string): Promise<void> {
    const done = await Promise.all(all.map((one) => this.#acceptAt(one, publicKey, petname)))
    const trusting = all.filter((_, i) => done[i])
    const kinds = this.#options.devices.filter((one) => trusting.includes(one))
    const devices = kinds.map(({ body }) => body.kind)
    if (devices.length === 0) return
    this.#options.emit({ event: "trusted", petname, devices, ...reportKey(publicKey) })
  }

  /** @returns whether it worked; the home goes on in any case. */
  async #acceptAt(device: Device, publicKey: Uint8Array, petname: string): Promise<boolean> {
    try {
      await device.accept(publicKey, { petname, verifiedBy: "words" })
      return true
    } catch (error) {
      if (!(error instanceof ChannelError || error instanceof UsageError)) throw error
      const { code, message } = error
      this.#options.emit({ event: "failed", device: device.body.kind, code, message })
      return false
    }
  }

  /** What it is called already, or `phone`, `phone-2` …: the same at all devices. */
  async #choosePetname(publicKey: Uint8Array): Promise<string> {
    const books = await Promise.all(this.#options.devices.map(({ ring }) => ring.contacts()))
    const known = books.map((book) => contactByKey(book, publicKey)).find((found) => found)
    if (known) return known.petname
    const taken = new Set(books.flat().map((contact) => petnameKey(contact.petname)))
    for (let n = 1; ; n++) {
      const petname = n === 1 ? "phone" : `phone-${n}`
      if (!taken.has(petname)) return petname
    }
  }

  #timeIsOver(): void {
    if (this.#asking.size === 0) return this.close("time")
    // New ones are not heard any more; the question stays until answered, or for the grace.
    this.#timer = setTimeout(() => this.close("time"), graceMs - 1_000)
  }
}
