import type { KeyRing } from "stringphone/keyring"
import type { Store } from "stringphone/store"
import type { StartRoomOptions } from "stringphone/session/room"
import type { Transport } from "stringphone/transport"
import type { HomeInfo } from "../lib/home-info.ts"
import { sentenceOf } from "../lib/sentence.ts"
import { LiveRoom } from "./live-room.svelte.ts"
import { openRoomLine } from "./room-line.ts"
import { RoomLog } from "./room-log.ts"
import {
  isSamePlace,
  loadRecords,
  type IrcLogin,
  newRoomId,
  noLogin,
  placeName,
  type RoomPlace,
  type RoomRecord,
  saveRecords,
} from "./room-record.ts"

export interface RoomsOptions {
  /** A topic of the home's broker, as this phone reaches it. */
  readonly callBroker: (home: HomeInfo, channel: string) => Promise<Transport>
}

/** Where a person wants to go, and as whom. */
export interface Visit {
  readonly place: RoomPlace
  readonly ownName: string
  readonly login: IrcLogin
}

/** The rooms that this phone has been at; one of them may be open. */
export class Rooms {
  records = $state.raw<readonly RoomRecord[]>([])
  live = $state.raw<LiveRoom | null>(null)
  /** The channel that is being connected to. */
  connecting = $state<string | null>(null)
  failure = $state("")
  home = $state.raw<HomeInfo | null>(null)

  readonly #options: RoomsOptions
  #ring: KeyRing | null = null
  /** By the room's name in the store. */
  #logins: Readonly<Record<string, IrcLogin>> = {}
  #work: Promise<void> = Promise.resolve()
  #giveUp: AbortController | null = null

  constructor(options: RoomsOptions) {
    this.#options = options
  }

  /** What waits for a person. */
  get waiting(): number {
    const { live } = this
    return live ? live.unread + (live.status?.requests.length ?? 0) : 0
  }

  /** Goes back to where this phone was. */
  open(ring: KeyRing, home: HomeInfo): Promise<void> {
    return this.#inTurn(async () => {
      this.#ring = ring
      this.home = home
      this.records = await loadRecords(ring.store)
      const last = this.records.find(({ isOpen }) => isOpen)
      if (last) await this.#connect(last, true)
    })
  }

  /** The page closes, or another tab takes over. */
  close(): Promise<void> {
    this.stopConnecting()
    return this.#inTurn(async () => {
      const { live } = this
      this.live = null
      this.#ring = null
      await live?.close()
    })
  }

  async start(visit: Visit, options: StartRoomOptions): Promise<void> {
    await this.#goTo(visit)
    await this.live?.start(options)
  }

  async join(visit: Visit): Promise<void> {
    await this.#goTo(visit)
    await this.live?.join()
  }

  /** To a room that this phone has been at, or once more where its channel has ended. */
  enter(record: RoomRecord): Promise<void> {
    return this.#inTurn(() => this.#reopen(record, false))
  }

  /** Out of sight; a member stays a member. */
  stepOut(): Promise<void> {
    return this.#inTurn(async () => {
      const { live } = this
      this.live = null
      await live?.close()
      await this.#keep(this.records.map((one) => ({ ...one, isOpen: false })))
    })
  }

  leave(): Promise<void> {
    return this.#inTurn(async () => {
      const { live } = this
      if (!live) return
      await live.leave()
      this.live = null
      if (this.#ring) await forgetRoom(this.#ring.store, live.record)
      await this.#keep(this.records.filter(({ id }) => id !== live.record.id))
    })
  }

  /** Forgets what this phone knows of a room, without telling anybody. */
  forget(record: RoomRecord): Promise<void> {
    return this.#inTurn(async () => {
      const { live } = this
      if (live?.record.id === record.id) {
        this.live = null
        await live.close()
      }
      if (this.#ring) await forgetRoom(this.#ring.store, record)
      await this.#keep(this.records.filter(({ id }) => id !== record.id))
    })
  }

  stopConnecting(): void {
    this.#giveUp?.abort()
  }

  async #goTo({ login, ownName, place }: Visit): Promise<void> {
    const known = this.records.find((one) => isSamePlace(one.place, place))
    const { account, channelKey } = login
    const record: RoomRecord = {
      id: known?.id ?? newRoomId(),
      place,
      ownName,
      isOpen: true,
      ...(place.kind === "irc" && { account, needsLogin: account !== "" || channelKey !== "" }),
    }
    this.#logins = { ...this.#logins, [record.id]: login }
    await this.#inTurn(() => this.#reopen(record, false))
  }

  async #reopen(record: RoomRecord, isPatient: boolean): Promise<void> {
    const before = this.live
    this.live = null
    await before?.close()
    if (!(await this.#connect(record, isPatient))) return
    const others = this.records.filter(({ id }) => id !== record.id)
    await this.#keep([
      { ...record, isOpen: true },
      ...others.map((one) => ({ ...one, isOpen: false })),
    ])
  }

  /** @returns whether the room is open now */
  async #connect(record: RoomRecord, isPatient: boolean): Promise<boolean> {
    const { home } = this
    const ring = this.#ring
    if (!home || !ring) return false
    this.failure = ""
    const login = this.#logins[record.id] ?? noLogin
    if (record.needsLogin === true && login === noLogin) {
      const name = placeName(record.place)
      this.failure = `Passwords are kept until the page is closed only. Enter it once more for ${name}, and join.`
      return false
    }
    this.connecting = placeName(record.place)
    const room = new LiveRoom(record)
    const { signal } = (this.#giveUp = new AbortController())
    try {
      const callBroker = (channel: string): Promise<Transport> =>
        this.#options.callBroker(home, channel)
      const line = await openRoomLine(record, { home, callBroker, isPatient, login, signal })
      await room.open(ring, line)
      this.live = room
      return true
    } catch (error) {
      await room.close()
      this.failure = signal.aborted ? "" : sentenceOf(error)
      return false
    } finally {
      this.#giveUp = null
      this.connecting = null
    }
  }

  async #keep(records: readonly RoomRecord[]): Promise<void> {
    this.records = records
    if (this.#ring) await saveRecords(this.#ring.store, records)
  }

  /** One after the other. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work)
    this.#work = done.catch(() => undefined)
    return done
  }
}

/** Its keys, and what was said. */
async function forgetRoom(store: Store, { id }: RoomRecord): Promise<void> {
  await new RoomLog(store, id).forget()
  const entries = await store.list(`room/${id}/`)
  const writes = entries.map(({ key }) => ({ key, value: null }))
  await store.commit({ writes })
}
