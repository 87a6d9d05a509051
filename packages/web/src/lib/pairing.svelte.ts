import type { ClassicTopicSession } from "stringphone/session"
import type { JoinRequest } from "stringphone/topic/classic"
import { hex } from "stringphone/bytes"
import { sentenceOf } from "./sentence.ts"

/** Somebody may answer for this long … */
export const listenMs = 60_000
/** … and whoever compares three times eight words should not be cut off. */
const compareMs = 120_000

/** What somebody who asks is shown as. */
export interface Candidate {
  readonly key: string
  readonly request: JoinRequest
  /** Several different answers in one name: somebody lies. */
  readonly contradicts: boolean
}

/** The pairing window as the page shows it. */
export class Pairing {
  open = $state(false)
  candidates = $state.raw<readonly Candidate[]>([])
  leftMs = $state(0)
  /** What `leftMs` began with. */
  wholeMs = $derived(this.candidates.length > 0 ? listenMs + compareMs : listenMs)
  crowded = $state(false)
  /** How many were trusted in this window. */
  trusted = $state(0)
  /** Why the last window closed, until a person has seen it. */
  closedBecause = $state.raw<"time" | "person" | null>(null)
  /** By key: why a decision failed. */
  failures = $state.raw<Readonly<Record<string, string>>>({})
  busy = $state(false)
  #timeIsOver = false

  async begin(session: ClassicTopicSession): Promise<void> {
    this.closedBecause = null
    this.failures = {}
    this.crowded = false
    this.trusted = 0
    this.candidates = []
    const opened = session.openPairing(listenMs + compareMs)
    this.open = true
    this.refresh(session)
    await opened
  }

  refresh(session: ClassicTopicSession): void {
    if (!this.open) return
    this.candidates = session.requests.map((request) => ({
      key: hex(request.publicKey) + request.kind,
      request,
      contradicts: request.offers.length > 1,
    }))
    const grace = this.candidates.length > 0 ? 0 : compareMs
    this.leftMs = Math.max(0, session.pairingLeftMs - grace)
    if (this.leftMs > 0) return
    this.#timeIsOver = true
    session.closePairing()
  }

  closed(because: "time" | "person"): void {
    this.open = false
    this.leftMs = 0
    this.candidates = []
    this.closedBecause = this.#timeIsOver ? "time" : because
    this.#timeIsOver = false
  }

  dismiss(): void {
    this.closedBecause = null
  }

  /** Only ever called because a person pressed a button that says that the words match. */
  async trust(
    session: ClassicTopicSession,
    { key, request }: Candidate,
    petname: string,
  ): Promise<boolean> {
    this.busy = true
    try {
      const name = petname.trim()
      const acceptance = { verifiedBy: "words", ...(name !== "" && { petname: name }) } as const
      await session.accept(request.publicKey, acceptance)
      this.trusted += 1
      return true
    } catch (error) {
      this.failures = { ...this.failures, [key]: sentenceOf(error) }
      return false
    } finally {
      this.busy = false
      this.refresh(session)
    }
  }

  refuse(session: ClassicTopicSession, { request }: Candidate): void {
    session.refuse(request.publicKey)
    this.refresh(session)
  }
}
