import { hex } from "stringphone/bytes"
import type { ClassicTopicSession } from "stringphone/session"
import type { JoinRequest } from "stringphone/topic/classic"
import { reportKey } from "../person.js"
import { type Answer, expectedAnswer, joinQuestion } from "./classic-question.js"

export interface DoorkeeperOptions {
  readonly session: ClassicTopicSession
  /** A fingerprint: exactly this key is let in, and nobody is asked. */
  readonly expect: string | undefined
  /** What asks us: an introduction when we let others in, a reply when we join. */
  readonly kind: JoinRequest["kind"]
  readonly say: (text: string, event: object) => void
  /** After each answer, when it was carried out. */
  readonly onDecided: (publicKey: Uint8Array, accepted: boolean) => void
  readonly onError: (error: unknown) => void
}

/** Asks the person about everyone who wants to be trusted, one after the other, and obeys. */
export class Doorkeeper {
  readonly #options: DoorkeeperOptions
  #asked: JoinRequest | null = null
  readonly #waiting: JoinRequest[] = []

  constructor(options: DoorkeeperOptions) {
    this.#options = options
  }

  /** Somebody asks; the same one may ask again with another offer. */
  ask(request: JoinRequest): void {
    const { expect, kind, session } = this.#options
    if (request.kind !== kind) return
    if (expect !== undefined) {
      const answer = expectedAnswer(request, expect)
      if (!answer.accept) this.#sayUnexpected(request)
      return this.#decide(request, answer)
    }
    if (this.#asked && hex(this.#asked.publicKey) !== hex(request.publicKey)) {
      this.#waiting.push(request)
      return
    }
    this.#asked = request
    const contact = session.contact(request.publicKey)
    this.#options.say(joinQuestion(request, contact), {
      event: "request",
      kind: request.kind,
      offers: request.offers.length,
      petname: contact?.petname ?? null,
      ...reportKey(request.publicKey),
    })
  }

  /** A key that the person pressed; everything but y and n means nothing. */
  press(key: string): void {
    const request = this.#asked
    if (!request || !/^[yn]$/i.test(key)) return
    this.#asked = null
    const next = this.#waiting.shift()
    if (next) this.ask(next)
    const accept = key.toLowerCase() === "y"
    this.#decide(request, accept ? { accept, by: "words" } : { accept })
  }

  /** Whether somebody waits for an answer. */
  get busy(): boolean {
    return this.#asked !== null
  }

  #decide({ publicKey }: JoinRequest, answer: Answer): void {
    const { onDecided, onError, session } = this.#options
    if (answer.accept) {
      const { by: verifiedBy } = answer
      session.accept(publicKey, { verifiedBy }).then(() => onDecided(publicKey, true), onError)
    } else {
      session.refuse(publicKey)
      onDecided(publicKey, false)
    }
  }

  #sayUnexpected({ publicKey }: JoinRequest): void {
    const key = reportKey(publicKey)
    this.#options.say(`Refused, not the one you expect: ${key.words}`, { event: "refused", ...key })
  }
}
