import { PeerError } from "../../bytes/index.js"
import {
  decodeCredit,
  decodeParcels,
  decodePiece,
  decodeReconcilePart,
  encodeCredit,
  encodeReconcilePart,
  type FrameKind,
  reconcilePartHeaderBytes,
  type RunStart,
} from "../../mailbox/hub/index.js"
import {
  deriveReconcileKey,
  type ReconcileIndex,
  Reconciliation,
} from "../../mailbox/reconcile/index.js"
import { LinkReceiving } from "./link-receiving.js"
import { LinkSending } from "./link-sending.js"
import type { RunOutcome } from "./link-types.js"

export interface RunPorts {
  /** To this peer; resolves when the channel took it. */
  readonly send: (kind: FrameKind, body: Uint8Array) => Promise<void>
  readonly read: (ids: readonly Uint8Array[]) => Promise<readonly Uint8Array[]>
  readonly accept: (parcels: readonly Uint8Array[]) => Promise<void>
  readonly now: () => number
  /** Called once. */
  readonly onOver: (outcome: RunOutcome) => void
  readonly onTrouble: (error: unknown) => void
}

export interface RunOptions {
  readonly isInitiator: boolean
  /** What we said when the run was opened. */
  readonly own: RunStart
  readonly maxBodyBytes: number
  /** Today. */
  readonly fromDay: number
  readonly maxEnvelopeBytes: number
}

/** What a reconciliation takes at most. */
const maxReconcileBytes = 60_000
/** So many messages may overtake one that is missing. */
const maxEarlyParts = 64

/** Both sides' work once they know each other's nonce. */
interface Work {
  readonly reconciliation: Reconciliation
  readonly sending: LinkSending
  readonly receiving: LinkReceiving
}

/** One run with one peer: find out what each lacks, send it, say that it was all. [SYNC-2-8] */
export class LinkRun {
  readonly #ports: RunPorts
  readonly #options: RunOptions
  #index: ReconcileIndex | null = null
  #work: Work | null = null
  #partsSent = 0
  #partsTaken = 0
  readonly #early = new Map<number, Uint8Array>()
  #reconcileBytes = 0
  #isReconciled = false
  #isExact = true
  #hasEnded = false
  /** How much the peer has sent in all, once it said so. */
  #peerEnd: number | null = null
  #lastHeardMs: number
  #isOver = false

  constructor(ports: RunPorts, options: RunOptions) {
    this.#ports = ports
    this.#options = options
    this.#lastHeardMs = ports.now()
  }

  get number(): number {
    return this.#options.own.run
  }

  get isInitiator(): boolean {
    return this.#options.isInitiator
  }

  /** The peer has not answered yet. */
  get isAsking(): boolean {
    return this.#work === null
  }

  get lastHeardMs(): number {
    return this.#lastHeardMs
  }

  /** Some of what the peer sent did not arrive, or some difference was overlooked. */
  get isLossy(): boolean {
    const received = this.#work?.receiving.receivedBytes ?? 0
    return !this.#isExact || (this.#peerEnd !== null && this.#peerEnd !== received)
  }

  /** What we have. Taken before anybody knows our nonce: nobody adds items that collide under the key. */
  prepare(index: ReconcileIndex): void {
    this.#index = index
  }

  /** Both have told their nonces: the work begins. */
  begin(peer: RunStart): void {
    const { fromDay, isInitiator, maxBodyBytes, maxEnvelopeBytes, own } = this.#options
    const index = this.#index
    if (!index) return
    this.#index = null
    const { accept, read } = this.#ports
    this.#lastHeardMs = this.#ports.now()
    const nonces = isInitiator
      ? ([own.nonce, peer.nonce] as const)
      : ([peer.nonce, own.nonce] as const)
    const reconciliation = new Reconciliation({
      index,
      isInitiator,
      fromDay,
      key: deriveReconcileKey(...nonces),
      maxMessageBytes: Math.min(maxBodyBytes - reconcilePartHeaderBytes, maxReconcileBytes),
    })
    const sending = new LinkSending(
      { read, send: (kind, body) => this.#ports.send(kind, body) },
      { run: own.run, windowBytes: peer.windowBytes, maxBodyBytes },
    )
    const receiving = new LinkReceiving(
      { accept, sendCredit: (body) => this.#send("credit", body) },
      { run: own.run, windowBytes: own.windowBytes, maxEnvelopeBytes },
    )
    this.#work = { reconciliation, sending, receiving }
    sending.onIdle = () => this.#endIfDone()
    if (isInitiator) this.#sendParts(reconciliation.start())
  }

  /** A frame of this run. @throws {PeerError} whatever is wrong with it; the run is over then */
  async receive(kind: FrameKind, body: Uint8Array): Promise<void> {
    const work = this.#work
    if (!work || this.#isOver) return
    this.#lastHeardMs = this.#ports.now()
    try {
      await this.#take(kind, body, work)
    } catch (error) {
      if (!(error instanceof PeerError)) this.end("trouble")
      // The next run brings what is missing; all else is fine.
      else if (error.code !== "missing-piece") this.end("peer-error")
      throw error
    }
  }

  /** Gives up. */
  end(reason: NonNullable<RunOutcome["reason"]>): void {
    this.#over(reason)
  }

  async #take(kind: FrameKind, body: Uint8Array, work: Work): Promise<void> {
    switch (kind) {
      case "reconcile":
        this.#takePart(body, work)
        break
      case "parcels":
        await work.receiving.takeParcels(decodeParcels(body))
        break
      case "piece":
        await work.receiving.takePiece(decodePiece(body))
        break
      case "credit":
        work.sending.grant(decodeCredit(body).position)
        break
      case "end":
        this.#peerEnd = decodeCredit(body).position
        this.#finishIfDone()
        break
      default:
        throw new PeerError("unexpected", "This frame has no place in a run.")
    }
  }

  /** In their order, also where the channel keeps none. [SYNC-2-11] */
  #takePart(body: Uint8Array, work: Work): void {
    const part = decodeReconcilePart(body)
    if (part.number < this.#partsTaken) return
    if (part.number >= this.#partsTaken + maxEarlyParts) {
      throw new PeerError("malformed", "A message of a reconciliation is far too early.")
    }
    this.#early.set(part.number, part.message.slice())
    for (let next = this.#takeEarly(); next && !this.#isOver; next = this.#takeEarly()) {
      this.#partsTaken += 1
      this.#reconcileBytes += next.length
      const step = work.reconciliation.receive(next)
      this.#sendParts(step.send)
      this.#isReconciled = step.isDone
      this.#isExact = step.isExact
      work.sending.add(step.missingThere, (error) => {
        this.end("trouble")
        this.#ports.onTrouble(error)
      })
    }
    this.#endIfDone()
  }

  #takeEarly(): Uint8Array | null {
    const next = this.#early.get(this.#partsTaken) ?? null
    this.#early.delete(this.#partsTaken)
    return next
  }

  #sendParts(messages: readonly Uint8Array[]): void {
    for (const message of messages) {
      this.#reconcileBytes += message.length
      const number = this.#partsSent++
      this.#send("reconcile", encodeReconcilePart({ run: this.number, number, message }))
    }
  }

  /** All that the peer lacks was sent: says so, once. */
  #endIfDone(): void {
    const { sending } = this.#work ?? {}
    if (!sending?.isIdle || !this.#isReconciled || this.#hasEnded || this.#isOver) return
    this.#hasEnded = true
    this.#send("end", encodeCredit({ run: this.number, position: sending.position }))
    this.#finishIfDone()
  }

  #finishIfDone(): void {
    if (this.#hasEnded && this.#peerEnd !== null) this.#over()
  }

  #send(kind: FrameKind, body: Uint8Array): void {
    this.#ports.send(kind, body).catch((error: unknown) => {
      this.end("trouble")
      this.#ports.onTrouble(error)
    })
  }

  #over(reason?: RunOutcome["reason"]): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#early.clear()
    const { receiving, sending } = this.#work ?? {}
    sending?.close()
    this.#ports.onOver({
      isComplete: reason === undefined,
      ...(reason && { reason }),
      sentParcels: sending?.parcelCount ?? 0,
      sentBytes: sending?.position ?? 0,
      receivedParcels: receiving?.parcelCount ?? 0,
      receivedBytes: receiving?.receivedBytes ?? 0,
      reconcileBytes: this.#reconcileBytes,
    })
  }
}
