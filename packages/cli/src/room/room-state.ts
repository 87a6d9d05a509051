import { ChannelError } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import type { Context } from "../context.js"
import { confirmed } from "../input.js"
import { interrupted } from "../interrupt.js"
import { shownName } from "../member.js"
import { visible } from "../terminal/escape.js"
import { duration } from "../wording.js"
import { leaveAndLinger, requireFree } from "./attend.js"
import { formatRoomAddress } from "./room-address.js"
import { connectRoom } from "./room-connect.js"
import { forgetRoom, requireRoom, type RoomRecord } from "./room-shelf.js"
import { readSnapshot, type Snapshot } from "./snapshot.js"

/** `room status` and `room members`: what was seen last, also by a command that is in the room now. */
export async function printRoomStatus(context: Context, name: string | undefined): Promise<void> {
  await look(context, name, (record, snapshot) => {
    const lines = snapshot
      ? [snapshot.line, ...snapshot.warnings.map((warning) => `⚠ ${warning}`)]
      : ["nobody has been in it yet"]
    const text = [
      `${context.paint.bold(shownName(record.name))}: ${lines.join("\n  ")}`,
      `  where  ${visible(formatRoomAddress(record.address))}, as ${shownName(record.nick)}`,
      `  seen   ${ageText(snapshot)}`,
    ]
    context.print(text.join("\n"), { ...reportRecord(record, snapshot), ...snapshot?.status })
  })
}

export async function printRoomMembers(context: Context, name: string | undefined): Promise<void> {
  await look(context, name, (record, snapshot) => {
    const text = snapshot
      ? `${snapshot.roster}\n\nseen ${ageText(snapshot)}`
      : "Nobody is known yet."
    context.print(text, { ...reportRecord(record, snapshot), members: snapshot?.members ?? [] })
  })
}

export interface LeaveOptions {
  readonly yes?: true
  /** Tell nobody. */
  readonly forget?: true
  readonly saslPasswordFile?: string
}

/** Goes into the room once more, to tell the captain. */
export async function leaveRoom(
  context: Context,
  name: string | undefined,
  options: LeaveOptions,
): Promise<void> {
  await context.withRing(async (ring) => {
    const record = await requireRoom(ring, name)
    await requireFree(ring, record)
    if (!options.yes) {
      await confirmed(
        `Leave the room ${shownName(record.name)}? Its keys are deleted here; to read it again, somebody has to let you in.`,
      )
    }
    const { forget = false, saslPasswordFile = null } = options
    const isTold = !forget && (await tellThem(context, ring, record, saslPasswordFile))
    await forgetRoom(ring, record)
    const { name: left } = record
    context.print(
      isTold
        ? `You left ${shownName(left)}.`
        : `${shownName(left)} is forgotten. The others still count you in until the captain removes you.`,
      { event: "left", room: left, isTold },
    )
  })
}

/** @returns whether we were in it, and they know now that we are not */
async function tellThem(
  context: Context,
  ring: KeyRing,
  record: RoomRecord,
  saslPasswordFile: string | null,
): Promise<boolean> {
  const controller = new AbortController()
  void interrupted().promise.then(() => controller.abort())
  const { openRoom } = await import("stringphone/session/room")
  context.progress(`Connecting to ${formatRoomAddress(record.address)} …`)
  const link = await connectRoom(record, { saslPasswordFile, signal: controller.signal })
  try {
    const session = await openRoom({
      store: ring.store,
      identity: ring.identity,
      contacts: ring,
      transport: link.transport,
      name: record.id,
      ownName: record.nick,
      admit: "nobody",
    })
    const isMember = session.status.phase === "member"
    await leaveAndLinger(context, session)
    await session.close()
    return isMember
  } catch (error) {
    // What can not be read can still be forgotten.
    if (error instanceof ChannelError && error.code === "room-corrupt") return false
    throw error
  } finally {
    await link.transport.close()
    await link.close()
  }
}

async function look(
  context: Context,
  name: string | undefined,
  print: (record: RoomRecord, snapshot: Snapshot | null) => void,
): Promise<void> {
  await context.withRing(async (ring) => {
    const record = await requireRoom(ring, name)
    print(record, await readSnapshot(ring, record))
  })
}

function reportRecord(record: RoomRecord, snapshot: Snapshot | null): object {
  return {
    name: record.name,
    address: formatRoomAddress(record.address),
    nick: record.nick,
    seenAt: snapshot && new Date(snapshot.atMs).toISOString(),
    isRunning: snapshot?.isRunning ?? false,
  }
}

function ageText(snapshot: Snapshot | null): string {
  if (!snapshot) return "never"
  if (snapshot.isRunning) return "now, by another command"
  return `${duration(Date.now() - snapshot.atMs)} ago`
}
