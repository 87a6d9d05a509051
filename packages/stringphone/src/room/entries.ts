import { hex, PeerError } from "../bytes/index.js"
import { verifyOrder } from "./room-key.js"
import { entryHash, openEntry, openOrder } from "./slot.js"
import type { OrderFields } from "./wire/order.js"
import type { RoomPacket } from "./wire/packet.js"

/** [ROOM-3-8] */
const maxPending = 4

/** The epoch that entries end. */
interface EntryGround {
  readonly roomId: Uint8Array
  readonly epoch: number
  readonly captainKey: Uint8Array
  readonly slotKey: (grantId: Uint8Array) => Promise<Uint8Array>
}

export interface Entry {
  readonly wire: Uint8Array
  readonly message: Uint8Array
  readonly grantId: Uint8Array
}

/** An entry and the captain's word that it comes next. */
export interface OrderedEntry {
  readonly entry: Entry
  readonly orderWire: Uint8Array
  readonly heads: readonly Uint8Array[]
}

interface PendingOrder {
  readonly wire: Uint8Array
  readonly order: OrderFields
}

/**
 * Entries that wait for the captain's order, and orders whose entry has not come yet. Only what opens
 * with the key of its slot is kept: strangers can not fill the room for it.
 */
export class Entries {
  readonly #ground: EntryGround
  /** By the hash that an order names. */
  readonly #entries = new Map<string, Entry>()
  readonly #orders = new Map<string, PendingOrder>()

  constructor(ground: EntryGround) {
    this.#ground = ground
  }

  /** How much waits. */
  get pending(): { readonly entries: number; readonly orders: number } {
    return { entries: this.#entries.size, orders: this.#orders.size }
  }

  /**
   * @returns `null`: the other half is still to come
   * @throws {PeerError} `not-authentic`, `malformed`, `bad-signature`
   */
  async receive(
    packet: Extract<RoomPacket, { readonly kind: "entry" | "order" }>,
    wire: Uint8Array,
  ): Promise<OrderedEntry | null> {
    const { grantId } = packet
    const slotKey = await this.#ground.slotKey(grantId)
    let key: string
    if (packet.kind === "entry") {
      const message = openEntry(slotKey, packet)
      key = hex(entryHash(message))
      keep(this.#entries, key, { wire, message, grantId })
    } else {
      const order = this.#checked(openOrder(slotKey, packet), grantId)
      key = hex(order.commitHash)
      keep(this.#orders, key, { wire, order })
    }
    const entry = this.#entries.get(key)
    const order = this.#orders.get(key)
    if (!entry || !order) return null
    this.#entries.delete(key)
    this.#orders.delete(key)
    return { entry, orderWire: order.wire, heads: order.order.heads }
  }

  #checked(order: OrderFields, grantId: Uint8Array): OrderFields {
    const { roomId, epoch, captainKey } = this.#ground
    const { commitHash, heads, signature } = order
    const signed = { roomId, epoch, grantId, commitHash, heads }
    if (verifyOrder(signed, signature, captainKey)) return order
    throw new PeerError("bad-signature", "An order about an entry is not by the captain.")
  }
}

/** The oldest goes. */
function keep<T>(pending: Map<string, T>, key: string, value: T): void {
  pending.delete(key)
  pending.set(key, value)
  for (const [old] of pending) {
    if (pending.size <= maxPending) break
    pending.delete(old)
  }
}
