import { ChannelError, fromUtf8, UsageError, utf8 } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import { update } from "stringphone/store"
import { randomId } from "../channel.js"
import { formatRoomAddress, parseRoomAddress, type RoomAddress } from "./room-address.js"
import { snapshotKey } from "./snapshot.js"

/** What the command line keeps of a room beside its state; as `TopicRecord`. */
export interface RoomRecord {
  /** The owner's name for it. */
  readonly name: string
  /** Names its entries in the store. */
  readonly id: string
  readonly address: RoomAddress
  readonly nick: string
  /** The account of the IRC network, without its password. */
  readonly saslAccount: string | null
  /** `socks5://host:port` */
  readonly proxy: string | null
}

const shelf = "cli/rooms"

export async function roomRecords(ring: KeyRing): Promise<readonly RoomRecord[]> {
  return read((await ring.store.get(shelf))?.value ?? null)
}

/**
 * The room of this name; without one the only room there is.
 * @throws {UsageError} `no-such-room`, `which-room`
 */
export async function requireRoom(ring: KeyRing, name: string | undefined): Promise<RoomRecord> {
  const records = await roomRecords(ring)
  if (name === undefined) {
    const [only] = records
    if (only && records.length === 1) return only
    throw new UsageError(
      "which-room",
      records.length === 0
        ? "There is no room in this key ring. Join one: stringphone room join ADDRESS"
        : `Say which room: ${records.map((record) => record.name).join(", ")}.`,
    )
  }
  const record = records.find((one) => one.name === name)
  if (record) return record
  throw new UsageError(
    "no-such-room",
    `There is no room "${name}" in this key ring. Join it by its address: stringphone room join ADDRESS`,
  )
}

/** Saves a room, or what is different about it now. */
export async function saveRoom(
  ring: KeyRing,
  fields: Omit<RoomRecord, "id">,
  id: string = randomId(),
): Promise<RoomRecord> {
  const record = { ...fields, id }
  await change(ring, (records) => [...records.filter((one) => one.id !== id), record])
  return record
}

/** Forgets the room; `openRoom` has forgotten its keys when it was left. */
export async function forgetRoom(ring: KeyRing, { id }: RoomRecord): Promise<void> {
  await change(ring, (records) => records.filter((record) => record.id !== id))
  const entries = await ring.store.list(`room/${id}/`)
  const keys = [...entries.map(({ key }) => key), snapshotKey({ id })]
  await ring.store.commit({ writes: keys.map((key) => ({ key, value: null })) })
}

async function change(
  ring: KeyRing,
  next: (records: readonly RoomRecord[]) => readonly RoomRecord[],
): Promise<void> {
  await update(ring.store, shelf, (bytes) => {
    const saved: Saved[] = next(read(bytes)).map(({ address, ...record }) => ({
      ...record,
      address: formatRoomAddress(address, { withLogin: true }),
    }))
    return utf8(JSON.stringify(saved))
  })
}

function read(bytes: Uint8Array | null): readonly RoomRecord[] {
  if (!bytes) return []
  try {
    const records = JSON.parse(fromUtf8(bytes) ?? "") as Saved[]
    return records.map(({ address, ...record }) => ({
      ...record,
      address: parseRoomAddress(address).address,
    }))
  } catch (cause) {
    throw new ChannelError(
      "rooms-corrupt",
      "The list of rooms in this key ring can not be read. Restore the key ring from a copy.",
      { cause },
    )
  }
}

type Saved = Omit<RoomRecord, "address"> & { readonly address: string }
