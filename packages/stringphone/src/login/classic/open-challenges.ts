import { hex } from "../../bytes/index.js"
import type { ClassicRecord } from "./record.js"

/** A challenge that waits for its proof. */
export interface OpenChallenge {
  readonly login: string
  /** The user's, or one that was made up. */
  readonly record: ClassicRecord
  readonly isKnown: boolean
  readonly steps: number
  readonly shared: Uint8Array | null
  readonly request: string
  readonly text: string
  readonly endsAtMs: number
}

/** Challenges by the server's nonce, the oldest first. [YAAS-4-7] */
export class OpenChallenges {
  readonly #byNonce = new Map<string, OpenChallenge>()
  readonly #max: number
  readonly #maxPerLogin: number

  constructor(max: number, maxPerLogin: number) {
    this.#max = max
    this.#maxPerLogin = maxPerLogin
  }

  add(nonce: Uint8Array, challenge: OpenChallenge, nowMs: number): void {
    this.#makeRoom(challenge.login, nowMs)
    this.#byNonce.set(hex(nonce), challenge)
  }

  /** Whatever comes of it, it is gone. */
  take(nonce: Uint8Array, nowMs: number): OpenChallenge | null {
    const name = hex(nonce)
    const challenge = this.#byNonce.get(name)
    this.#byNonce.delete(name)
    return challenge && nowMs < challenge.endsAtMs ? challenge : null
  }

  #makeRoom(login: string, nowMs: number): void {
    const sameLogin: string[] = []
    for (const [name, challenge] of this.#byNonce) {
      if (nowMs >= challenge.endsAtMs) this.#byNonce.delete(name)
      else if (challenge.login === login) sameLogin.push(name)
    }
    if (sameLogin.length >= this.#maxPerLogin) this.#byNonce.delete(sameLogin[0] as string)
    if (this.#byNonce.size >= this.#max) {
      this.#byNonce.delete(this.#byNonce.keys().next().value as string)
    }
  }
}
