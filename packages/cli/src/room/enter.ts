import { fromHex, UsageError } from "stringphone/bytes"
import { matchesFingerprint, petnameKey, takePetname } from "stringphone/identity"
import type { KeyRing } from "stringphone/keyring"
import type { RoomSessionApi } from "stringphone/session/room"
import type { Context } from "../context.js"
import { shownName } from "../member.js"
import { visible } from "../terminal/escape.js"
import { attendRoom, type EnterRoom, notJoined } from "./attend.js"
import { formatRoomAddress, nameFor, parseRoomAddress } from "./room-address.js"
import { parseProxy } from "./room-connect.js"
import { forgetRoom, type RoomRecord, roomRecords, saveRoom } from "./room-shelf.js"

/** What `room start` and `room join` have in common. */
export interface EnterOptions {
  readonly name?: string
  readonly nick?: string
  readonly admit: "contacts" | "everyone" | "nobody"
  readonly saslAccount?: string
  readonly saslPasswordFile?: string
  readonly proxy?: string
  readonly plain?: true
}

export interface StartOptions extends EnterOptions {
  readonly title?: string
  readonly deniable?: true
  readonly beside?: true
}

export interface JoinOptions extends EnterOptions {
  readonly captain?: string
}

export async function startRoom(
  context: Context,
  place: string,
  options: StartOptions,
): Promise<void> {
  const { beside, deniable, title } = options
  await enterRoom(context, place, options, () => async (session) => {
    if (session.status.phase === "member") return
    await session.start({
      ...(title !== undefined && { title }),
      ...(deniable && { isDeniable: true }),
      ...(beside && { besideOther: true }),
    })
  })
}

export async function joinRoom(
  context: Context,
  place: string,
  options: JoinOptions,
): Promise<void> {
  await enterRoom(context, place, options, async (ring) => {
    const captain = options.captain === undefined ? null : await keyOf(ring, options.captain)
    return async (session, signal) => {
      if (isIn(session)) return
      const outcome = await session.join({ signal, ...(captain && { captain }) })
      if (outcome.kind === "no-room") throw notJoined("no-room", context.command)
      if (outcome.kind === "declined") {
        throw notJoined({ reason: visible(outcome.reason) }, context.command)
      }
    }
  })
}

async function enterRoom(
  context: Context,
  place: string,
  options: EnterOptions,
  prepare: (ring: KeyRing) => EnterRoom | Promise<EnterRoom>,
): Promise<void> {
  if (options.proxy !== undefined) parseProxy(options.proxy)
  await context.withRing(async (ring) => {
    const enter = await prepare(ring)
    const { isNew, record } = await recordFor(context, ring, place, options)
    const visit = { hasBeenIn: false }
    const entering: EnterRoom = async (session, signal) => {
      await enter(session, signal)
      visit.hasBeenIn = true
    }
    try {
      await attendRoom(
        context,
        ring,
        record,
        {
          admit: options.admit,
          saslPasswordFile: options.saslPasswordFile ?? null,
          isPlain: options.plain ?? false,
        },
        entering,
      )
    } finally {
      // What was not entered is not kept; unless it had been there before.
      if (isNew && !visit.hasBeenIn) await forgetRoom(ring, record)
    }
  })
}

/** The room of this name or address: the one that is kept already, or a new one. */
async function recordFor(
  context: Context,
  ring: KeyRing,
  place: string,
  options: EnterOptions,
): Promise<{ readonly record: RoomRecord; readonly isNew: boolean }> {
  const records = await roomRecords(ring)
  const named = records.find(({ name }) => name === place)
  if (named && options.name === undefined) {
    return { record: await saveRoom(ring, settingsOf(named, options), named.id), isNew: false }
  }
  const { address, nick: nickOfUrl } = parseRoomAddress(place)
  const here = formatRoomAddress(address)
  const wanted = options.name === undefined ? null : takePetname(options.name)
  const known = records.find(
    (record) =>
      formatRoomAddress(record.address) === here && (wanted === null || record.name === wanted),
  )
  const taken = records.find(({ name }) => name === wanted)
  if (taken && !known) {
    throw new UsageError(
      "room-exists",
      `There is a room ${shownName(taken.name)} at another address. Choose another name with --name.`,
    )
  }
  const nick = nickOfUrl ?? known?.nick ?? nickFrom(context.ownName)
  const fresh = {
    name: wanted ?? freeName(nameFor(address), records),
    saslAccount: null,
    proxy: null,
  }
  const fields = settingsOf({ ...fresh, ...known, address, nick }, options)
  return { record: await saveRoom(ring, fields, known?.id), isNew: !known }
}

function settingsOf(
  { address, name, nick, proxy, saslAccount }: Omit<RoomRecord, "id">,
  options: EnterOptions,
): Omit<RoomRecord, "id"> {
  return {
    address,
    name,
    nick: options.nick ?? nick,
    saslAccount: options.saslAccount ?? saslAccount,
    proxy: options.proxy ?? proxy,
  }
}

function freeName(name: string, records: readonly RoomRecord[]): string {
  const isTaken = (one: string): boolean =>
    records.some((record) => petnameKey(record.name) === petnameKey(one))
  if (!isTaken(name)) return name
  let number = 2
  while (isTaken(`${name}-${number}`)) number += 1
  return `${name}-${number}`
}

/** What IRC takes as a nick, made of a profile's or computer's name. */
function nickFrom(name: string): string {
  const usable = name.replace(/[^A-Za-z0-9_-]/g, "").slice(0, 16)
  return /^[A-Za-z_]/.test(usable) ? usable : `s${usable || "tringphone"}`
}

function isIn({ status }: RoomSessionApi): boolean {
  return status.phase === "member" || status.phase === "stranded"
}

/** @throws {UsageError} `bad-captain` */
async function keyOf(ring: KeyRing, text: string): Promise<Uint8Array> {
  const book = await ring.contacts()
  const contact = book.find(
    ({ petname, publicKey }) =>
      petnameKey(petname) === petnameKey(text) || matchesFingerprint(publicKey, text),
  )
  if (contact) return contact.publicKey
  if (/^[0-9a-f]{64}$/i.test(text)) return fromHex(text.toLowerCase())
  throw new UsageError(
    "bad-captain",
    "Name the captain by a contact's name or fingerprint, or by a public key of 64 hexadecimal digits (their `stringphone id` shows it).",
  )
}
