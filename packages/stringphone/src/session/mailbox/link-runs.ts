import { hex, PeerError } from "../../bytes/index.js"
import {
  decodeRunNumber,
  decodeRunStart,
  encodeRunNumber,
  encodeRunStart,
  type Frame,
  frameHeaderBytes,
  type FrameKind,
  type RandomBytes,
  runNonceBytes,
  type RunStart,
} from "../../mailbox/hub/index.js"
import { ReconcileIndex } from "../../mailbox/reconcile/index.js"
import type { IndexEntry } from "./hub-known.js"
import type { MailHub } from "./hub.js"
import type { LinkPeer } from "./link-peers.js"
import { LinkRun } from "./link-run.js"
import type { LinkVoice } from "./link-voice.js"
import type { HubLinkEvent, HubLinkLimits, RunOutcome } from "./link-types.js"

export interface RunsPorts {
  readonly hub: MailHub
  readonly limits: HubLinkLimits
  readonly voice: LinkVoice
  readonly randomBytes: RandomBytes
  readonly now: () => number
  /** These came over the channel. */
  readonly onAccepted: (ids: readonly Uint8Array[]) => void
  readonly onEvent: (event: HubLinkEvent) => void
  readonly onTrouble: (error: unknown) => void
}

/** Who of two asks first waits so long for the other one to do it. */
const courtesyMs = 3_000
const firstPauseMs = 1_000

/** Which run is when. One with a peer at a time, a few with all. [SYNC-2-8] */
export class LinkRuns {
  readonly #ports: RunsPorts
  #running = 0

  constructor(ports: RunsPorts) {
    this.#ports = ports
  }

  /** Of two hubs that meet, the one with the lower number begins. [SYNC-2-7] */
  firstRunMs(number: Uint8Array): number {
    const isOurs = hex(this.#ports.voice.number) < hex(number)
    return this.#ports.now() + (isOurs ? 0 : courtesyMs)
  }

  /** Gives up runs that stand still, starts those that are due. */
  tick(peers: readonly LinkPeer[]): void {
    const { limits, now } = this.#ports
    for (const { run } of peers) {
      if (run && now() - run.lastHeardMs > limits.stallMs) run.end("stalled") // [SYNC-2-13]
    }
    const due = peers.filter(({ nextRunMs, run }) => run === null && nextRunMs <= now())
    for (const peer of due.sort((a, b) => a.nextRunMs - b.nextRunMs)) {
      if (this.#running >= limits.maxRuns) return
      this.#ask(peer).catch(this.#ports.onTrouble)
    }
  }

  /** A frame of a peer to us. @throws {PeerError} */
  async receive(peer: LinkPeer, { body, kind }: Frame): Promise<void> {
    switch (kind) {
      case "start":
        return this.#answer(peer, decodeRunStart(body))
      case "accept":
        return this.#begin(peer, decodeRunStart(body))
      case "decline":
        if (peer.run?.number === decodeRunNumber(body) && peer.run.isAsking) {
          peer.run.end("declined")
        }
        return
      default:
        // All frames of a run begin with its number.
        if (peer.run && body.length >= 4 && peer.run.number === runOf(body)) {
          await peer.run.receive(kind, body)
        }
    }
  }

  /** Hands parcels to the hub. */
  async accept(parcels: readonly Uint8Array[], link: string): Promise<void> {
    const results = await this.#ports.hub.accept(parcels, link)
    this.#ports.onAccepted(
      results.flatMap((result) => (result.kind === "refused" ? [] : [result.id])),
    )
  }

  async #ask(peer: LinkPeer): Promise<void> {
    const own = this.#newStart(this.#randomNumber())
    const run = this.#open(peer, own, true)
    if (await this.#prepare(peer, run)) this.#send(peer, "start", encodeRunStart(own))
  }

  async #answer(peer: LinkPeer, start: RunStart): Promise<void> {
    this.#require(start)
    const { limits, voice } = this.#ports
    if (peer.run) {
      // Both began at once: the lower number's run counts. [SYNC-2-7]
      const isOurs = hex(voice.number) < hex(peer.number)
      if (peer.run.isInitiator && peer.run.isAsking && isOurs) return
      if (peer.run.number === start.run) return
      peer.run.end("replaced")
    }
    if (this.#running >= limits.maxRuns) {
      return this.#send(peer, "decline", encodeRunNumber(start.run))
    }
    const own = this.#newStart(start.run)
    const run = this.#open(peer, own, false)
    if (!(await this.#prepare(peer, run))) return
    run.begin(start)
    this.#send(peer, "accept", encodeRunStart(own))
  }

  #begin(peer: LinkPeer, start: RunStart): void {
    const { run } = peer
    if (run?.number !== start.run || !run.isInitiator || !run.isAsking) return
    this.#require(start)
    run.begin(start)
  }

  /** [SYNC-2-9] */
  #require({ run, windowBytes }: RunStart): void {
    if (run === 0 || windowBytes < leastWindowBytes) {
      throw new PeerError("malformed", "A run has a number, and a window of 16 KiB at least.")
    }
  }

  #open(peer: LinkPeer, own: RunStart, isInitiator: boolean): LinkRun {
    const { hub, now, onTrouble, voice } = this.#ports
    const run: LinkRun = new LinkRun(
      {
        send: (kind, body) => voice.sendTo(peer, kind, body),
        read: (ids) => hub.parcels(ids),
        accept: (parcels) => this.accept(parcels, peer.link),
        now,
        onOver: (outcome) => this.#over(peer, run, outcome),
        onTrouble,
      },
      {
        isInitiator,
        own,
        fromDay: hub.today,
        maxBodyBytes: Math.min(voice.maxFrameBytes, peer.maxFrameBytes) - frameHeaderBytes,
        maxEnvelopeBytes: hub.limits.maxEnvelopeBytes,
      },
    )
    this.#running += 1
    peer.run = run
    return run
  }

  #over(peer: LinkPeer, run: LinkRun, outcome: RunOutcome): void {
    const { limits, now } = this.#ports
    this.#running -= 1
    peer.run = null
    if (outcome.isComplete && !run.isLossy) {
      peer.completeRuns += 1
      peer.failures = 0
      peer.nextRunMs = now() + limits.runEveryMs * (0.75 + this.#fraction() / 2)
    } else {
      // What brought something forward is worth another attempt soon. [SYNC-2-13]
      const moved = outcome.receivedParcels + outcome.sentParcels > 0
      peer.failures = moved ? 1 : peer.failures + 1
      const pauseMs = Math.min(firstPauseMs * 2 ** peer.failures, limits.runEveryMs)
      peer.nextRunMs = now() + pauseMs * (0.5 + this.#fraction())
    }
    this.#ports.onEvent({ kind: "run", peer: hex(peer.number), outcome })
  }

  /** @returns whether the run is still on */
  async #prepare(peer: LinkPeer, run: LinkRun): Promise<boolean> {
    try {
      const entries = await this.#ports.hub.entries()
      const index = indexes.get(entries) ?? ReconcileIndex.of(entries)
      indexes.set(entries, index)
      run.prepare(index)
    } catch (error) {
      run.end("trouble")
      throw error
    }
    return peer.run === run
  }

  #newStart(run: number): RunStart {
    const { limits, randomBytes } = this.#ports
    return { run, nonce: randomBytes(runNonceBytes), windowBytes: limits.windowBytes }
  }

  #send(peer: LinkPeer, kind: FrameKind, body: Uint8Array): void {
    this.#ports.voice.sendTo(peer, kind, body).catch((error: unknown) => {
      peer.run?.end("trouble")
      this.#ports.onTrouble(error)
    })
  }

  /** From 1 to 2³² − 1. */
  #randomNumber(): number {
    return 1 + Math.floor(this.#fraction() * (2 ** 32 - 1))
  }

  #fraction(): number {
    return runOf(this.#ports.randomBytes(4)) / 2 ** 32
  }
}

const leastWindowBytes = 16_384

/** Of a snapshot that several runs share. */
const indexes = new WeakMap<readonly IndexEntry[], ReconcileIndex>()

function runOf(body: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = body
  return ((a * 256 + b) * 256 + c) * 256 + d
}
