import { type IdentityCard, openIdentityCard } from "../identity/index.js"
import type { Generation } from "./generation-keys.js"
import type { RecordTerms } from "./handshake-keys.js"
import type { Price } from "./price.js"
import type { SessionTerms } from "./wire/session-terms.js"
import type { WelcomeText } from "./wire/welcome.js"

/** What a client has after its login. */
export class LoggedIn implements SessionTerms {
  readonly login: string
  readonly realm: string
  /** The floor of the next login: pin it. */
  readonly price: Price
  /** 16 bytes. */
  readonly session: Uint8Array
  readonly scopes: readonly string[]
  readonly accessSeconds: number
  readonly refreshSeconds: number
  readonly card: Uint8Array
  /** Its key is the server key to pin; another than that of the challenge: the server changed it. */
  readonly serverCard: IdentityCard
  /** The server key of the challenge: pinned before, or proven by this login. */
  readonly challengeKey: Uint8Array
  /** The record should be replaced. */
  readonly isOutdated: boolean
  /** For a {@link ClientRecord}, 64 bytes; `null`: none was asked for. */
  readonly response: Uint8Array | null
  /** What a new record is bound to. */
  readonly recordTerms: RecordTerms
  readonly #root: Uint8Array

  /** @internal @throws {PeerError} `bad-signature` */
  constructor(login: string, challenge: RecordTerms, welcome: WelcomeText, root: Uint8Array) {
    this.login = login
    this.realm = challenge.realm
    this.price = challenge.price
    this.session = welcome.session
    this.scopes = welcome.scopes
    this.accessSeconds = welcome.accessSeconds
    this.refreshSeconds = welcome.refreshSeconds
    this.card = welcome.card
    this.serverCard = openIdentityCard(welcome.card)
    this.challengeKey = challenge.serverKey
    this.isOutdated = welcome.isOutdated
    this.response = welcome.register
    this.recordTerms = {
      realm: challenge.realm,
      serverKey: this.serverCard.publicKey,
      price: welcome.price,
    }
    this.#root = root
  }

  /** Secret: what the session's keys are made of. */
  exportGeneration(): Generation {
    return { session: this.session, generation: 1, root: this.#root.slice() }
  }
}
