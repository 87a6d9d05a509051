// A server with one session of one device, on pure machines: nothing is sent, so everything can be.
import { concat, hex, PeerError, u32, utf8 } from "../../src/bytes/index.js"
import { hash } from "../../src/crypto/index.js"
import { Identity } from "../../src/identity/index.js"
import { type ClientLane, completeLane, requestLane } from "../../src/login/client-lane.js"
import {
  beginRefresh,
  type ClientSession,
  completeRefresh,
  type RefreshResult,
} from "../../src/login/client-refresh.js"
import { openLane } from "../../src/login/lane-opening.js"
import type { LaneTable } from "../../src/login/lane-table.js"
import { LaneWindow } from "../../src/login/lane-window.js"
import type { ServerLane } from "../../src/login/sealed-calls.js"
import {
  type FoundSession,
  refreshSession,
  type SessionStep,
} from "../../src/login/server-generations.js"
import {
  type EndedSession,
  newSession,
  retireFormer,
  type RetiredGeneration,
  type SessionRecord,
  usualLifetimes,
} from "../../src/login/session-record.js"
import { decodeOpenLane } from "../../src/login/wire/open-lane.js"
import { decodeRefresh } from "../../src/login/wire/refresh.js"

export const startMs = 1_700_000_000_000
export const yearMs = 365 * 86_400_000
export const sessionId: Uint8Array = new Uint8Array(16).fill(0x51)
export const firstRoot: Uint8Array = new Uint8Array(32).fill(0x52)
export const everyScope: readonly string[] = ["lamp:read", "lamp:switch"]

/** Bytes that are the same in each run, and different each time. */
export class Random {
  readonly #name: string
  #count = 0

  constructor(name: string) {
    this.#name = name
  }

  take(length: number): Uint8Array {
    return hash(concat(utf8(this.#name), u32(this.#count++))).slice(0, length)
  }
}

export class SceneServer {
  readonly realm = "lamp.example"
  /** What it is now. */
  identity = new Identity(new Uint8Array(32).fill(0x53))
  /** What the device knows of. */
  known: Identity | null = this.identity
  readonly lanes = new Map<string, ServerLane>()
  readonly retired = new Map<number, RetiredGeneration>()
  readonly events: string[] = []
  record: SessionRecord | EndedSession | null
  table: LaneTable = []
  nowMs = startMs
  userScopes: readonly string[] = everyScope
  readonly #random = new Random("server")

  constructor() {
    const first = { session: sessionId, generation: 1, root: firstRoot }
    this.record = newSession(first, everyScope, usualLifetimes, startMs)
  }

  get living(): SessionRecord {
    if (this.record?.state !== "living") throw new Error("the session has ended")
    return this.record
  }

  get serverKeys(): readonly Uint8Array[] {
    return [(this.known ?? this.identity).publicKey]
  }

  refresh(request: Uint8Array): Uint8Array {
    const step: SessionStep = refreshSession(
      this.#found(decodeRefresh(request).generation),
      request,
      {
        nowMs: this.nowMs,
        realm: this.realm,
        server: this.identity,
        signer: this.known,
        ephemeralSecret: this.#random.take(32),
        userScopes: this.userScopes,
      },
    )
    this.#save(step)
    this.events.push(step.event)
    return step.answer
  }

  openLane(request: Uint8Array): Uint8Array {
    const { generation } = decodeOpenLane(request)
    const step = openLane(this.#found(generation), this.table, request, {
      nowMs: this.nowMs,
      server: this.identity,
      newLane: this.#random.take(16),
    })
    this.#save(step)
    this.table = step.table
    for (const { id } of step.closed) this.lanes.delete(hex(id))
    const { opened } = step
    if (opened && step.event === "opened") {
      this.lanes.set(hex(opened.lane.id), { keys: opened.keys, window: new LaneWindow() })
    }
    this.events.push(step.event)
    return step.answer
  }

  /** Something cleans its store. */
  clean(): void {
    const step = this.record?.state === "living" ? retireFormer(this.record, this.nowMs) : null
    if (step) this.#save(step)
  }

  /** Windows are in memory, and so are the lanes. */
  restart(): void {
    this.table = []
    this.lanes.clear()
  }

  #found(generation: number): FoundSession {
    return { record: this.record, retired: this.retired.get(generation) ?? null }
  }

  #save({ record, retired }: FoundSession): void {
    this.record = record
    if (retired) this.retired.set(retired.generation, retired)
  }
}

export class SceneClient {
  readonly server: SceneServer
  readonly random: Random
  session: ClientSession
  /** The server's errors that were believed. */
  readonly told: string[] = []

  constructor(server: SceneServer, name = "client", session?: ClientSession) {
    this.server = server
    this.random = new Random(name)
    this.session = session ?? {
      session: sessionId,
      generation: 1,
      root: firstRoot,
      pending: null,
    }
  }

  /** Somebody took all that it keeps. */
  stolenBy(name: string): SceneClient {
    return new SceneClient(this.server, name, this.session)
  }

  begin(): Uint8Array {
    const begun = beginRefresh(this.session, this.random.take(32))
    this.session = begun
    return begun.pending.request
  }

  complete(answer: Uint8Array): RefreshResult {
    const { pending } = this.session
    if (!pending) throw new Error("nothing is under way")
    const result = completeRefresh({ ...this.session, pending }, answer, this.server)
    if ("session" in result) this.session = result.session
    else this.told.push(result.error.name)
    return result
  }

  refresh(): RefreshResult {
    return this.complete(this.server.refresh(this.begin()))
  }

  /** @returns the lane, or the name of the error */
  openLane(): ClientLane | string {
    const request = requestLane(this.session, this.random.take(16))
    return this.completeLane(request, this.server.openLane(request))
  }

  completeLane(request: Uint8Array, answer: Uint8Array): ClientLane | string {
    const result = completeLane(this.session, request, answer, this.server.serverKeys)
    if ("lane" in result) return result.lane
    this.told.push(result.error.name)
    return result.error.name
  }

  lane(): ClientLane {
    const lane = this.openLane()
    if (typeof lane === "string") throw new Error(`there is no lane: ${lane}`)
    return lane
  }
}

/** The code of the PeerError that `run` throws; `"none"`. Another error is passed on. */
export function codeOf(run: () => unknown): string {
  try {
    run()
    return "none"
  } catch (error) {
    if (error instanceof PeerError) return error.code
    throw error
  }
}
