import { UsageError } from "../bytes/index.js"
import { box } from "./box.js"
import type { Generation } from "./generation-keys.js"
import { firstRoot, welcomeKey } from "./handshake-keys.js"
import type { RecordOffer } from "./login-record.js"
import { takeScopes } from "./names.js"
import type { ServerRealm } from "./server-realm.js"
import type { FinishText } from "./wire/finish.js"
import type { SessionTerms } from "./wire/session-terms.js"
import { encodeWelcome, encodeWelcomeText } from "./wire/welcome.js"

/** What a server decides about a new session. */
export interface WelcomeFields extends Omit<SessionTerms, "card"> {
  /** 16 random bytes. */
  readonly session: Uint8Array
}

/** @internal */
export interface ProvenLogin {
  readonly sessionKey: Uint8Array
  readonly t2: Uint8Array
  readonly login: string
  readonly isOutdated: boolean
}

/** Somebody proved a password. */
export class AcceptedLogin {
  readonly login: string
  readonly device: string
  /** `null`: all that the user may have. */
  readonly scopesWanted: readonly string[] | null
  /** The record has not the price, key or setup of now. */
  readonly isOutdated: boolean
  /**
   * A new record will come, by a sealed call and within five minutes: keep this with the session, and
   * take the record in return for it. `null`: none. [LOGIN-8-3]
   */
  readonly offer: RecordOffer | null
  readonly #realm: ServerRealm
  readonly #root: Uint8Array
  readonly #welcomeKey: Uint8Array
  readonly #transcript: Uint8Array
  readonly #response: Uint8Array | null
  #session: Uint8Array | null = null

  /** @internal @throws {PeerError} `malformed`: what it wants to register is none */
  constructor(realm: ServerRealm, proven: ProvenLogin, text: FinishText) {
    const { isOutdated, login, sessionKey, t2 } = proven
    this.login = login
    this.device = text.device
    this.scopesWanted = text.scopes
    this.isOutdated = isOutdated
    const { offer } = realm
    const request = text.register
    this.offer = request && offer
    this.#response = request && realm.answerRegistration(offer, login, request)
    this.#realm = realm
    this.#root = firstRoot(sessionKey, t2)
    this.#welcomeKey = welcomeKey(sessionKey, t2)
    this.#transcript = t2
  }

  /**
   * The answer, once. Save the session before it goes out.
   * @throws {UsageError} `wrong-order`, `bad-scope`, `bad-session`
   */
  sealWelcome(fields: WelcomeFields): Uint8Array {
    if (this.#session) throw new UsageError("wrong-order", "A login is welcomed once.")
    if (fields.session.length !== 16) throw badSession("The ID of a session has 16 bytes.")
    const areSeconds = [fields.accessSeconds, fields.refreshSeconds].every(isSeconds)
    if (!areSeconds) throw badSession("Lifetimes are whole seconds, from 1 to 2³² − 1.")
    const wanted = this.scopesWanted
    if (wanted && !fields.scopes.every((scope) => wanted.includes(scope))) {
      throw new UsageError("bad-scope", "Give a session no scopes that it does not want.")
    }
    const text = encodeWelcomeText({
      ...fields,
      scopes: takeScopes(fields.scopes),
      card: this.#realm.identity.card(),
      isOutdated: this.isOutdated,
      price: this.#realm.price,
      register: this.#response,
    })
    this.#session = fields.session.slice()
    return encodeWelcome(box(this.#welcomeKey, 0, this.#transcript, text))
  }

  /** Secret: what the session's keys are made of. @throws {UsageError} `wrong-order` */
  exportGeneration(): Generation {
    if (!this.#session) throw new UsageError("wrong-order", "Welcome the login first.")
    return { session: this.#session, generation: 1, root: this.#root.slice() }
  }
}

function isSeconds(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= 0xffff_ffff
}

function badSession(message: string): UsageError {
  return new UsageError("bad-session", message)
}
