import { PeerError, sameBytes, UsageError } from "../bytes/index.js"
import { box, openBox } from "./box.js"
import {
  challengeTranscript,
  finishKey,
  finishTranscript,
  firstRoot,
  knownDeviceProof,
  opaqueIdentities,
  welcomeKey,
} from "./handshake-keys.js"
import { LoggedIn } from "./logged-in.js"
import { takeDeviceName, takeLogin, takePassword, takeRealm, takeScopes } from "./names.js"
import { finishOpaqueLogin, startOpaqueLogin } from "./opaque.js"
import { type Price, type PriceBounds, takePrice } from "./price.js"
import { type Challenge, decodeChallenge } from "./wire/challenge.js"
import { encodeFinish, encodeFinishText } from "./wire/finish.js"
import { encodeStart } from "./wire/start.js"
import { decodeWelcome, decodeWelcomeText } from "./wire/welcome.js"

/** A session that this device had: with it, it need not wait for strangers. [LOGIN-9-3] */
export interface KnownSession {
  /** 16 bytes. */
  readonly session: Uint8Array
  /** The known-device key of its last generation. */
  readonly key: Uint8Array
}

export interface ClientLoginOptions {
  readonly login: string
  /** Without it, the server says it, and its user decides. */
  readonly realm?: string | undefined
  /** Server keys of which one it must be. Empty or missing: any. */
  readonly pinnedKeys?: readonly Uint8Array[] | undefined
  /** The price at the last login or registration. */
  readonly floor?: Price | undefined
  /** Less than the least of the specification: for tests. */
  readonly minimumPrice?: Price | undefined
  readonly knownSession?: KnownSession | undefined
}

export interface FinishOptions {
  /** A name for people. */
  readonly device: string
  /** Missing: all that the user may have. */
  readonly scopes?: readonly string[] | undefined
  /** A {@link ClientRecord}'s request: for another password, or for a record that may be outdated. */
  readonly register?: Uint8Array | undefined
}

type State =
  | { readonly phase: "new" | "over" }
  | { readonly phase: "started"; readonly start: Uint8Array; readonly secret: Uint8Array }
  | {
      readonly phase: "finished"
      readonly challenge: Challenge
      readonly sessionKey: Uint8Array
      readonly t2: Uint8Array
    }

/**
 * The client's side of one login: start, finish, welcome. The password is given for each step that
 * computes with it, and not kept between them. Wait for `opaqueReady()` first.
 */
export class ClientLogin {
  readonly login: string
  readonly #realm: string | null
  readonly #pinnedKeys: readonly Uint8Array[]
  readonly #bounds: PriceBounds
  readonly #known: KnownSession | null
  #state: State = { phase: "new" }

  /** @throws {UsageError} `bad-login`, `bad-realm` */
  constructor(options: ClientLoginOptions) {
    const { floor, knownSession, login, minimumPrice, pinnedKeys, realm } = options
    this.login = takeLogin(login)
    this.#realm = realm === undefined ? null : takeRealm(realm)
    this.#pinnedKeys = pinnedKeys ?? []
    this.#bounds = { floor, minimum: minimumPrice }
    this.#known = knownSession ?? null
  }

  /**
   * What to send first.
   * @throws {UsageError} `wrong-order`, `bad-password`, `not-ready`
   */
  start(password: string): Uint8Array {
    if (this.#state.phase !== "new") throw wrongOrder()
    const { message: ke1, state: secret } = startOpaqueLogin(takePassword(password))
    const known = this.#known && {
      session: this.#known.session,
      mac: knownDeviceProof(this.#known.key, ke1),
    }
    const start = encodeStart({ ke1, login: this.login, known })
    this.#state = { phase: "started", start, secret }
    return start
  }

  /**
   * What to send next, once the server is proven. Takes as long as Argon2id does. After an error
   * nothing may be sent, and this login is over.
   *
   * @throws {PeerError} `malformed`, `weak-price`, `price-too-high`, `other-realm`, `other-server`, `not-proven`
   * @throws {UsageError} `wrong-order`, `bad-password`, `bad-petname`, `bad-scope`, `no-memory`
   */
  finish(challengeBytes: Uint8Array, password: string, options: FinishOptions): Uint8Array {
    if (this.#state.phase !== "started") throw wrongOrder()
    const { secret, start } = this.#state
    const checkedPassword = takePassword(password)
    const text = encodeFinishText({
      device: takeDeviceName(options.device),
      scopes: options.scopes ? takeScopes(options.scopes) : null,
      register: options.register ?? null,
    })
    this.#state = { phase: "over" } // Who guesses passwords as a server has one guess. spec/login.md §11
    const challenge = decodeChallenge(challengeBytes)
    this.#checkTerms(challenge)
    const identities = opaqueIdentities(this.login, challenge)
    const { ke2, price } = challenge
    const proven = finishOpaqueLogin(secret, checkedPassword, ke2, identities, price)
    if (!proven) throw notProven() // [LOGIN-3-5]
    const { ke3, sessionKey } = proven
    const t1 = challengeTranscript(start, challengeBytes)
    const sealed = box(finishKey(sessionKey, t1), 0, t1, text)
    const finish = encodeFinish({ attempt: challenge.attempt, ke3, sealed })
    const t2 = finishTranscript(t1, finish)
    this.#state = { phase: "finished", challenge, sessionKey, t2 }
    return finish
  }

  /**
   * A wrong answer is not taken, and the right one may still come.
   * @throws {PeerError} `malformed`, `altered`, `bad-signature`
   * @throws {UsageError} `wrong-order`
   */
  welcome(welcomeBytes: Uint8Array): LoggedIn {
    if (this.#state.phase !== "finished") throw wrongOrder()
    const { challenge, sessionKey, t2 } = this.#state
    const text = openBox(welcomeKey(sessionKey, t2), 0, t2, decodeWelcome(welcomeBytes))
    if (!text) {
      throw new PeerError(
        "altered",
        "The answer to this login is not the server's: it was altered on its way. Log in again.",
      )
    }
    const root = firstRoot(sessionKey, t2)
    const loggedIn = new LoggedIn(this.login, challenge, decodeWelcomeText(text), root)
    this.#state = { phase: "over" }
    return loggedIn
  }

  /** In the order of [LOGIN-3-5]. */
  #checkTerms({ price, realm, serverKey }: Challenge): void {
    takePrice(price, this.#bounds)
    if (this.#realm !== null && realm !== this.#realm) {
      throw new PeerError("other-realm", `This server is of ${realm}. Nothing was sent.`)
    }
    const isPinned = this.#pinnedKeys.some((key) => sameBytes(key, serverKey))
    if (this.#pinnedKeys.length > 0 && !isPinned) {
      throw new PeerError(
        "other-server",
        `This is not the server of ${realm} that you know: its key is another. Nothing was sent; ask its owner.`,
      )
    }
  }
}

function notProven(): PeerError {
  return new PeerError(
    "not-proven",
    "Wrong password, unknown login, or somebody in the way: these cannot be told apart. Nothing of the password was sent; try again.",
  )
}

function wrongOrder(): UsageError {
  return new UsageError(
    "wrong-order",
    "A client logs in once: start, finish, welcome. Make a new one for another login.",
  )
}
