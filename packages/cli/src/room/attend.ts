import { ChannelError, UsageError } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import type { RoomEvent, RoomSessionApi } from "stringphone/session/room"
import type { Context } from "../context.js"
import { interrupted } from "../interrupt.js"
import { pause } from "../live-topic.js"
import { RoomDesk } from "./desk.js"
import { PlainFace } from "./plain.js"
import { channelLabel, formatRoomAddress } from "./room-address.js"
import { connectRoom } from "./room-connect.js"
import type { RoomEnd, RoomFace } from "./room-face.js"
import { forgetRoom, type RoomRecord } from "./room-shelf.js"
import { readSnapshot, SnapshotKeeper } from "./snapshot.js"

export interface AttendOptions {
  readonly admit: "contacts" | "everyone" | "nobody"
  readonly saslPasswordFile: string | null
  readonly isPlain: boolean
}

/** Starts or joins; the face is there already, and shows what happens. */
export type EnterRoom = (session: RoomSessionApi, signal: AbortSignal) => Promise<void>

/** Is in a room until the person ends it: connects, opens, enters, shows. */
export async function attendRoom(
  context: Context,
  ring: KeyRing,
  record: RoomRecord,
  options: AttendOptions,
  enter: EnterRoom,
): Promise<void> {
  await requireFree(ring, record)
  const address = formatRoomAddress(record.address)
  const ending = interrupted()
  const controller = new AbortController()
  void ending.promise.then(() => controller.abort())
  context.progress(`Connecting to ${address} …`)
  const link = await connectRoom(record, { ...options, signal: controller.signal })
  const early: RoomEvent[] = []
  let hear = (event: RoomEvent): void => void early.push(event)
  const { openRoom } = await import("stringphone/session/room")
  const session = await openRoom({
    store: ring.store,
    identity: ring.identity,
    contacts: ring,
    transport: link.transport,
    name: record.id,
    ownName: record.nick,
    admit: options.admit,
    onEvent: (event) => hear(event),
  }).catch(async (error: unknown) => {
    await link.close()
    throw error
  })
  let left = false
  try {
    const face = await faceFor(context, options.isPlain, () => desk)
    const desk: RoomDesk = new RoomDesk({
      session,
      ring,
      address,
      channel: channelLabel(record.address),
      show: (shown) => face.show(shown),
      onChange: () => {
        face.change()
        keeper.changed()
      },
    })
    const keeper = new SnapshotKeeper(ring, record, () => desk)
    hear = (event) => {
      desk.hear(event)
      const isTaken = event.kind === "failed" && event.error.code === "taken-over"
      if (isTaken) face.finish("taken-over")
    }
    for (const event of early.splice(0)) hear(event)
    void ending.promise.then(() => face.finish("quit"))
    try {
      const end = await stay(session, desk, face, enter, controller)
      left = end === "left"
      if (left) await leaveAndLinger(context, session)
      const isOut = end === "removed" || session.status.phase === "removed"
      if (isOut || end === "taken-over") process.exitCode = 1
    } finally {
      await keeper.close()
    }
  } finally {
    await session.close()
    await link.close()
    if (left) await forgetRoom(ring, record)
  }
}

async function stay(
  session: RoomSessionApi,
  desk: RoomDesk,
  face: RoomFace,
  enter: EnterRoom,
  controller: AbortController,
): Promise<RoomEnd> {
  void desk.read()
  const entered = enter(session, controller.signal).then(
    () => {
      desk.greet()
      return null
    },
    (error: unknown) => {
      if (controller.signal.aborted) return null
      face.finish("quit")
      return error instanceof Error ? error : new Error(String(error))
    },
  )
  const end = await face.run()
  controller.abort()
  const failure = await entered
  if (failure) throw failure
  // What was typed just before the end is on its way.
  await atMost(lastWordsMs, desk.settled())
  return end
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))
  await Promise.race([work, late])
  clearTimeout(timer)
}

const lastWordsMs = 5_000

/** The screen, where there is a terminal that can show one; it is loaded only then. */
async function faceFor(
  context: Context,
  isPlain: boolean,
  desk: () => RoomDesk,
): Promise<RoomFace> {
  const { CI, TERM } = process.env
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY && TERM !== "dumb" && !CI
  if (isPlain || context.json || !isTerminal) return new PlainFace(context, desk)
  const { ScreenFace } = await import("./screen.js")
  return new ScreenFace(desk, context.paint)
}

/** Leaves, and stays on the channel until the captain has had time to make it so. */
export async function leaveAndLinger(context: Context, session: RoomSessionApi): Promise<void> {
  const { members, phase } = session.status
  await session.leave()
  if (phase !== "member" || members.length < 2) return
  context.progress("Telling the others …")
  await pause(lingerMs)
}

const lingerMs = 3_000

/** @throws {UsageError} `room-in-use` */
export async function requireFree(ring: KeyRing, record: RoomRecord): Promise<void> {
  if (!(await readSnapshot(ring, record))?.isRunning) return
  throw new UsageError(
    "room-in-use",
    `Another command is in the room "${record.name}". End that one first.`,
  )
}

/** How `join` can fail to lead anywhere. */
export function notJoined(
  outcome: "no-room" | { readonly reason: string },
  command: string,
): Error {
  if (outcome === "no-room") {
    return new ChannelError(
      "no-room",
      `Nobody leads a room here. Start one: ${command} room start ADDRESS`,
    )
  }
  const reason = outcome.reason === "" ? "" : ` They say: ${outcome.reason}`
  return new ChannelError("declined", `The captain did not let you in.${reason}`)
}
