import { ChannelError } from "stringphone/bytes"
import { type HubLinkEvent, openHubLink, type RunOutcome } from "stringphone/session/mailbox/hub"
import { completeLogin } from "../broker-login.js"
import { brokerName, type ChannelAddress } from "../channel-address.js"
import { connectOne } from "../connect.js"
import type { Context } from "../context.js"
import { parseHubAddress } from "../hub/address.js"
import { interrupted } from "../interrupt.js"
import { StatusLine } from "../terminal/status-line.js"
import { countOf } from "../wording.js"
import { lookForMail, withMailHub } from "./place.js"
import { sizeText } from "./usage-text.js"

export interface SyncOptions {
  /** Seconds. */
  readonly wait: number
}

/** On a channel that many share, another hub may answer a little later. */
const lateMs = 2_000

/** `mail sync`: one exchange with every hub that is there, then what is ours. */
export async function syncMail(
  context: Context,
  text: string,
  { wait }: SyncOptions,
): Promise<void> {
  const address = parseHubAddress(text)
  const complete = { ...address, url: await completeLogin(address.url) }
  await withMailHub(context, async ({ hub, mailbox }) => {
    const transport = await connectOne(complete, { connectTimeoutMs: wait * 1_000 })
    const rounds = new Rounds(isShared(address))
    const link = openHubLink({ hub, transport, onEvent: (event) => rounds.hear(event) })
    try {
      void interrupted().promise.then(() => rounds.stop())
      await rounds.done(wait * 1_000, () => link.status.peers.some(({ isRunning }) => isRunning))
    } finally {
      await link.close()
      rounds.end()
    }
    const letters = await lookForMail({ mailbox })
    const sum = rounds.sum()
    const name = brokerName(address)
    context.print(syncText(context, name, sum, letters), {
      event: "synced",
      address: name,
      ...sum,
      letters,
    })
    if (sum.hubs === 0) {
      throw new ChannelError(
        "no-hub",
        `No hub answered at ${name} within ${wait} s. Is one listening there, or on that channel?`,
      )
    }
    if (!sum.isComplete) {
      throw new ChannelError("stopped", "Not all was exchanged. Run it again to go on.")
    }
  })
}

export interface SyncSum {
  readonly hubs: number
  readonly isComplete: boolean
  readonly sentParcels: number
  readonly sentBytes: number
  readonly receivedParcels: number
  readonly receivedBytes: number
  readonly reconcileBytes: number
}

export function syncText(
  { command }: Pick<Context, "command">,
  name: string,
  sum: SyncSum,
  letters: number,
): string {
  const { hubs, receivedBytes, receivedParcels, sentBytes, sentParcels } = sum
  const ours = letters === 0 ? [] : [`${countOf(letters, "letter")} for you: ${command} mail inbox`]
  return [
    `${countOf(hubs, "hub")} at ${name}: sent ${countOf(sentParcels, "envelope")} (${sizeText(sentBytes)}), received ${receivedParcels} (${sizeText(receivedBytes)}).`,
    ...ours,
  ].join("\n")
}

function isShared({ kind }: ChannelAddress): boolean {
  return kind === "mqtt" || kind === "nats"
}

/** Waits until every hub that was heard has had a whole run. */
class Rounds {
  readonly #isShared: boolean
  readonly #line = new StatusLine(process.stderr)
  readonly #runs = new Map<string, RunOutcome | null>()
  readonly #settled: Promise<void>
  #settle: () => void = () => {}
  #late: NodeJS.Timeout | null = null
  #giveUp: NodeJS.Timeout | null = null

  constructor(isShared: boolean) {
    this.#isShared = isShared
    this.#settled = new Promise((resolve) => (this.#settle = resolve))
  }

  hear(event: HubLinkEvent): void {
    if (event.kind === "peer" && !this.#runs.has(event.peer)) this.#runs.set(event.peer, null)
    // One that had nothing to give and went was not needed.
    if (event.kind === "peer-left" && !this.#runs.get(event.peer)) this.#runs.delete(event.peer)
    if (event.kind === "run") {
      const before = this.#runs.get(event.peer)
      this.#runs.set(event.peer, before ? added(before, event.outcome) : event.outcome)
    }
    const runs = [...this.#runs.values()]
    const done = runs.filter((run) => run?.isComplete)
    this.#line.show(`Syncing: ${countOf(runs.length, "hub")}, ${done.length} done`)
    if (this.#late) clearTimeout(this.#late)
    this.#late = null
    if (runs.length === 0 || done.length < runs.length) return
    this.#late = setTimeout(this.#settle, this.#isShared ? lateMs : 0)
  }

  /** Gives up when nothing has happened for so long. @param isBusy whether a run is under way */
  done(withinMs: number, isBusy: () => boolean): Promise<void> {
    this.#giveUp = setInterval(() => {
      // A run ends by itself when it stands still.
      if (!isBusy()) this.#settle()
    }, withinMs)
    return this.#settled
  }

  stop(): void {
    this.#settle()
  }

  end(): void {
    if (this.#late) clearTimeout(this.#late)
    if (this.#giveUp) clearInterval(this.#giveUp)
    this.#line.end()
  }

  sum(): SyncSum {
    const runs = [...this.#runs.values()]
    const done = runs.filter((run) => run !== null)
    const total = (of: (run: RunOutcome) => number): number =>
      done.reduce((sum, run) => sum + of(run), 0)
    return {
      hubs: runs.length,
      isComplete: runs.every((run) => run?.isComplete),
      sentParcels: total((run) => run.sentParcels),
      sentBytes: total((run) => run.sentBytes),
      receivedParcels: total((run) => run.receivedParcels),
      receivedBytes: total((run) => run.receivedBytes),
      reconcileBytes: total((run) => run.reconcileBytes),
    }
  }
}

function added(a: RunOutcome, b: RunOutcome): RunOutcome {
  return {
    ...b,
    isComplete: a.isComplete || b.isComplete,
    sentParcels: a.sentParcels + b.sentParcels,
    sentBytes: a.sentBytes + b.sentBytes,
    receivedParcels: a.receivedParcels + b.receivedParcels,
    receivedBytes: a.receivedBytes + b.receivedBytes,
    reconcileBytes: a.reconcileBytes + b.reconcileBytes,
  }
}
