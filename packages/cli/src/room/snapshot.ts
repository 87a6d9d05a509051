import { hostname } from "node:os"
import { fromUtf8, utf8 } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import type { RoomStatus } from "stringphone/session/room"
import { update } from "stringphone/store"
import { reportRoomMember, reportStatus } from "./report.js"
import { statusText, type Surroundings, warningTexts } from "./status-text.js"
import { membersText } from "./roster-text.js"

/**
 * How a room stood when it was last looked at from inside: what `room status` and `room members`
 * print, also while another command is in the room.
 */
export interface Snapshot {
  readonly atMs: number
  /** A command is in the room, or broke off on another computer within a minute. */
  readonly isRunning: boolean
  /** Which one. */
  readonly process: { readonly host: string; readonly id: number }
  readonly line: string
  readonly warnings: readonly string[]
  readonly roster: string
  readonly status: object
  readonly members: readonly object[]
}

export function snapshotKey({ id }: { readonly id: string }): string {
  return `cli/room-seen/${id}`
}

/** `null`: nobody has looked yet. */
export async function readSnapshot(
  ring: KeyRing,
  room: { readonly id: string },
): Promise<Snapshot | null> {
  const bytes = (await ring.store.get(snapshotKey(room)))?.value
  if (!bytes) return null
  try {
    const saved = JSON.parse(fromUtf8(bytes) ?? "") as Snapshot
    const isFresh = Date.now() - saved.atMs < staleMs
    return { ...saved, isRunning: saved.isRunning && isFresh && isAlive(saved.process) }
  } catch {
    return null
  }
}

/** Of another computer nobody knows. */
function isAlive({ host, id }: Snapshot["process"]): boolean {
  if (host !== hostname()) return true
  try {
    return process.kill(id, 0)
  } catch (error) {
    // It runs, as somebody else.
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}

const staleMs = 60_000
const everyMs = 20_000
const restMs = 1_000

/** Keeps a room's snapshot up to date while a command is in the room. */
export class SnapshotKeeper {
  readonly #ring: KeyRing
  readonly #room: { readonly id: string }
  readonly #look: () => { readonly status: RoomStatus; readonly surroundings: Surroundings }
  readonly #ticking: NodeJS.Timeout
  #resting: NodeJS.Timeout | null = null
  #written: Promise<void> = Promise.resolve()

  constructor(
    ring: KeyRing,
    room: { readonly id: string },
    look: () => { readonly status: RoomStatus; readonly surroundings: Surroundings },
  ) {
    this.#ring = ring
    this.#room = room
    this.#look = look
    this.#ticking = setInterval(() => this.#write(true), everyMs)
    this.#write(true)
  }

  /** Something is different; many changes in a row are written once. */
  changed(): void {
    this.#resting ??= setTimeout(() => {
      this.#resting = null
      this.#write(true)
    }, restMs)
  }

  async close(): Promise<void> {
    clearInterval(this.#ticking)
    clearTimeout(this.#resting ?? undefined)
    this.#write(false)
    await this.#written
  }

  #write(isRunning: boolean): void {
    const { status, surroundings } = this.#look()
    const snapshot: Snapshot = {
      atMs: Date.now(),
      isRunning,
      process: { host: hostname(), id: process.pid },
      line: statusText(status, surroundings),
      warnings: warningTexts(status, surroundings),
      roster: membersText(status),
      status: reportStatus(status),
      members: status.members.map(reportRoomMember),
    }
    const bytes = utf8(JSON.stringify(snapshot))
    // It is for looking only: where it can not be written, the room goes on.
    this.#written = this.#written
      .then(() => update(this.#ring.store, snapshotKey(this.#room), () => bytes))
      .then(
        () => {},
        () => {},
      )
  }
}
