import { hex, PeerError } from "../bytes/index.js"
import type { Effects } from "./effects.js"
import type { Member, PacketOf } from "./member.js"
import { verifyOrder } from "./room-key.js"
import { entryHash, openEntry, openOrder } from "./slot.js"
import type { RoomTime } from "./time.js"
import type { OrderFields } from "./wire/order.js"

/** [ROOM-3-8] */
const maxPending = 4

interface PendingEntry {
  readonly wire: Uint8Array
  readonly message: Uint8Array
  readonly grantId: Uint8Array
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
  readonly #member: Member
  /** By the hash that an order names. */
  readonly #entries = new Map<string, PendingEntry>()
  readonly #orders = new Map<string, PendingOrder>()

  constructor(member: Member) {
    this.#member = member
  }

  /** How much waits. */
  get pending(): { readonly entries: number; readonly orders: number } {
    return { entries: this.#entries.size, orders: this.#orders.size }
  }

  newEpoch(): void {
    this.#entries.clear()
    this.#orders.clear()
  }

  /** @throws {PeerError} `not-authentic`, `malformed`, `bad-signature`, `refused` */
  async receive(
    packet: PacketOf<"entry"> | PacketOf<"order">,
    wire: Uint8Array,
    time: RoomTime,
    out: Effects,
  ): Promise<void> {
    const { grantId } = packet
    const slotKey = await this.#member.slotKey(grantId)
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
    if (!entry || !order) return
    this.#entries.delete(key)
    this.#orders.delete(key)
    await this.#member.enter(entry, order.wire, order.order.heads, time, out)
  }

  #checked(order: OrderFields, grantId: Uint8Array): OrderFields {
    const { roomId, epoch, settings } = this.#member
    const { commitHash, heads, signature } = order
    const signed = { roomId, epoch, grantId, commitHash, heads }
    if (verifyOrder(signed, signature, settings.captainKey)) return order
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
