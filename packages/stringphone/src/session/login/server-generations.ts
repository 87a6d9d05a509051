import { UsageError } from "../../bytes/index.js"
import { decodeOpenLane, decodeRefresh, openLane, refreshSession } from "../../login/index.js"
import { idText, type ServerContext } from "./server-context.js"
import type { LoadedSession } from "./server-sessions.js"

/** Lanes that are opened, and refreshes. spec/login.md §5, §6 */
export class ServerGenerations {
  readonly #context: ServerContext

  constructor(context: ServerContext) {
    this.#context = context
  }

  /** @throws {PeerError} `malformed` */
  async openLane(bytes: Uint8Array): Promise<Uint8Array> {
    const { lanes, random, realms, sessions, wallClock } = this.#context
    const { generation, session } = decodeOpenLane(bytes)
    const newLane = random(16)
    for (;;) {
      const loaded = await sessions.load(session)
      const found = await sessions.found(loaded, generation)
      const nowMs = wallClock()
      const server = realms.current
      if (!loaded) return openLane(found, [], bytes, { nowMs, server, newLane }).answer
      const marked = realms.laneFor(keyKnownBy(loaded, generation), newLane)
      const circumstances = { nowMs, server: realms.identityOf(loaded.entry.serverKey) }
      const step = await lanes.open(loaded, nowMs, (table) =>
        openLane(found, table, bytes, { ...circumstances, newLane: marked }),
      )
      if (step) return step.answer
    }
  }

  /** @throws {PeerError} `malformed` */
  async refresh(bytes: Uint8Array): Promise<Uint8Array> {
    const { random, realms, sessions, tell, wallClock } = this.#context
    const { generation, session } = decodeRefresh(bytes)
    for (;;) {
      const loaded = await sessions.load(session)
      const signer = loaded ? realms.identityWith(keyKnownBy(loaded, generation)) : realms.current
      const step = refreshSession(await sessions.found(loaded, generation), bytes, {
        nowMs: wallClock(),
        realm: realms.now().realm,
        server: realms.current,
        signer,
        ephemeralSecret: random(32),
        userScopes: loaded?.user?.value.scopes ?? [],
      })
      if (!signer && step.event === "refused") tell({ kind: "trouble", error: missingIdentity() })
      if (!loaded || !step.record || step.record === loaded.record) return step.answer
      const isTaken = step.retired !== null || generation > numberOf(loaded)
      const { entry } = loaded
      const serverKey = isTaken ? (entry.offeredKey ?? entry.serverKey) : entry.serverKey
      const offeredKey = step.event === "offered" ? realms.current.publicKey : null
      const changes = { record: step.record, serverKey, offeredKey }
      if (!(await sessions.save(loaded, changes, step.retired))) continue
      const { device, login } = entry
      const told = { login, session: idText(session), device }
      if (step.event === "offered") tell({ kind: "refreshed", ...told })
      if (step.event === "reuse") tell({ kind: "reuse", ...told })
      return step.answer
    }
  }
}

function missingIdentity(): UsageError {
  return new UsageError(
    "unknown-identity",
    "A device knows this server by a key that it has no more, and cannot refresh. Give that identity in `formerIdentities`, or let its user log in again.",
  )
}

function numberOf({ record }: LoadedSession): number {
  return record.state === "living" ? record.generation : 0
}

/** Who asks with the offered generation has read what came with it. */
function keyKnownBy(loaded: LoadedSession, generation: number): Uint8Array {
  const { offeredKey, serverKey } = loaded.entry
  return generation > numberOf(loaded) ? (offeredKey ?? serverKey) : serverKey
}
