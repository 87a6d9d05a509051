import { ChannelError, fromUtf8, utf8 } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import { update } from "stringphone/store"
import { foldName } from "./names.js"

/** A channel on which a room was started or joined: nothing leaves for it in clear. */
export interface GuardedChannel {
  /** The server's host, by which people know it. */
  readonly network: string
  readonly channel: string
  /** Names the room's entries in the store. */
  readonly id: string
  readonly kind: "ours" | "classic"
  /** We are in the room, or were when the program ended. */
  readonly isIn: boolean
}

const entry = "cli/irc-channels"

/** The guarded channels of one network. What it says counts at once, and is on the disk soon after. */
export class RoomLedger {
  readonly #ring: Pick<KeyRing, "store">
  readonly #network: string
  readonly #channels: Map<string, GuardedChannel>

  private constructor(
    ring: Pick<KeyRing, "store">,
    network: string,
    channels: readonly GuardedChannel[],
  ) {
    this.#ring = ring
    this.#network = network
    const own = channels.filter((one) => one.network === network)
    this.#channels = new Map(own.map((one) => [foldName(one.channel), one]))
  }

  static async load(ring: Pick<KeyRing, "store">, network: string): Promise<RoomLedger> {
    return new RoomLedger(ring, network, read((await ring.store.get(entry))?.value ?? null))
  }

  get all(): readonly GuardedChannel[] {
    return [...this.#channels.values()]
  }

  get(channel: string): GuardedChannel | null {
    return this.#channels.get(foldName(channel)) ?? null
  }

  async put(fields: Omit<GuardedChannel, "network">): Promise<GuardedChannel> {
    const record = { ...fields, network: this.#network }
    this.#channels.set(foldName(record.channel), record)
    await this.#save()
    return record
  }

  async remove(channel: string): Promise<void> {
    this.#channels.delete(foldName(channel))
    await this.#save()
  }

  async #save(): Promise<void> {
    await update(this.#ring.store, entry, (bytes) => {
      const others = read(bytes).filter(({ network }) => network !== this.#network)
      return utf8(JSON.stringify([...others, ...this.all]))
    })
  }
}

function read(bytes: Uint8Array | null): readonly GuardedChannel[] {
  if (!bytes) return []
  try {
    return JSON.parse(fromUtf8(bytes) ?? "") as readonly GuardedChannel[]
  } catch (cause) {
    // To go on without it could let out what was meant to be encrypted.
    throw new ChannelError(
      "rooms-corrupt",
      "The list of guarded channels in this key ring can not be read. Restore the key ring from a copy.",
      { cause },
    )
  }
}
