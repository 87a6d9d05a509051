import { PeerError, UsageError } from "../../bytes/index.js"
import * as crypto from "../../crypto/index.js"
import { boundsFrom, type ClassicBounds, requireWithin } from "./bounds.js"
import { boundSaltOf, passwordKey } from "./kdf.js"
import { loginFrom, realmFrom } from "./names.js"
import { drawBytes, type RandomBytes } from "../random-bytes.js"
import { type AcceptedRisks, requireAccepted } from "./risks.js"
import { grantKey, sessionKey } from "./session-key.js"
import { ClassicSession } from "./session.js"
import { decodeChallenge } from "./wire/challenge.js"
import { openGrant } from "./wire/grant.js"
import { encodeProof } from "./wire/proof.js"
import { encodeRequest } from "./wire/request.js"

export interface ClassicLoginClientOptions extends AcceptedRisks {
  /** The server's name, which the client knows by itself: never take it from the server. */
  readonly realm: string
  readonly login: string
  /**
   * Adds X25519: who only listens can not test guesses then, and recorded logins stay closed. The server
   * must have it too. Against who answers in the server's place it does nothing.
   */
  readonly hasExchange?: boolean
  readonly bounds?: Partial<ClassicBounds>
}

type State =
  | { readonly phase: "new" | "done" }
  | { readonly phase: "asked"; readonly request: string; readonly exchangeKey: Uint8Array | null }
  | { readonly phase: "proved"; readonly sessionKey: Uint8Array }

/**
 * One login, at the user's end. It does no I/O: send what it returns, pass on what comes.
 *
 * **Whoever listens can test guesses of the password at leisure, with {@link
 * ClassicLoginClientOptions.hasExchange} whoever answers in the server's place.**
 *
 * @example
 * ```ts
 * const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
 * const context = { nowMs: Date.now(), random }
 * const acceptRisks = "classic-login"
 * const [realm, login, password] = ["house.example", "alice", "correct horse battery staple"]
 * const cost = { passes: 1, memoryKib: 8192 }
 * const record = createClassicRecord({ acceptRisks, realm, login, password, cost }, random)
 * const server = new ClassicLoginServer({ acceptRisks, realm, cost, secret: random(32) })
 *
 * const client = new ClassicLoginClient({ acceptRisks, realm, login })
 * const challenge = server.challenge(client.request(random), record, context)
 * const grant = server.prove(client.prove(challenge, password), context)
 * const session = client.accept(grant.text)
 * server.call(session.call({ do: "open the door" }), Date.now()).args.get("do") // → 'open the door'
 * ```
 */
export class ClassicLoginClient {
  readonly #realm: string
  readonly #login: string
  readonly #hasExchange: boolean
  readonly #bounds: ClassicBounds
  #state: State = { phase: "new" }

  /** @throws {UsageError} `classic-not-enabled`, `bad-realm`, `bad-login`, `bad-limits` */
  constructor(options: ClassicLoginClientOptions) {
    requireAccepted(options)
    this.#realm = realmFrom(options.realm)
    this.#login = loginFrom(options.login)
    this.#hasExchange = options.hasExchange ?? false
    this.#bounds = boundsFrom(options.bounds)
  }

  /**
   * @returns what to send first
   * @throws {UsageError} `wrong-order`, `bad-random`
   */
  request(random: RandomBytes): string {
    if (this.#state.phase !== "new") throw wrongOrder()
    const nonce = drawBytes(random, 16) // [YAAS-4-1]
    const exchangeKey = this.#hasExchange ? Uint8Array.from(drawBytes(random, 32)) : null
    const request = encodeRequest({
      login: this.#login,
      nonce,
      exchangeKey: exchangeKey && crypto.exchangePublicKey(exchangeKey),
    })
    this.#state = { phase: "asked", request, exchangeKey }
    return request
  }

  /**
   * Answers a challenge. This takes as long as the server's cost wants, and nothing else runs meanwhile.
   * The password is not kept; what can be overwritten of what was made of it, is.
   *
   * @returns what to send back
   * @throws {PeerError} `malformed`, `weak-challenge`, `costly-challenge`, `bad-exchange`: the challenge is not
   *   taken, and another may come
   * @throws {UsageError} `wrong-order`, `bad-password`
   */
  prove(challengeText: string, password: string): string {
    const state = this.#state
    if (state.phase !== "asked") throw wrongOrder()
    const challenge = decodeChallenge(challengeText)
    requireWithin(challenge, this.#bounds)
    const shared = sharedOf(state.exchangeKey, challenge.exchangeKey)
    const boundSalt = boundSaltOf(this.#realm, this.#login, challenge.salt)
    const key = passwordKey(password, boundSalt, challenge.cost, challenge.steps)
    const k = sessionKey(key, shared, state.request, challengeText)
    for (const secret of [key, shared, state.exchangeKey]) secret?.fill(0) // [YAAS-4-4]
    this.#state = { phase: "proved", sessionKey: k }
    return encodeProof({ login: this.#login, nonce: challenge.nonce }, k)
  }

  /**
   * Takes the grant, if it comes from a server that knew the password's record.
   *
   * @throws {PeerError} `malformed`, `server-unproven`: it is not taken, and another may come
   * @throws {UsageError} `wrong-order`
   */
  accept(grantText: string): ClassicSession {
    const state = this.#state
    if (state.phase !== "proved") throw wrongOrder()
    const key = grantKey(state.sessionKey)
    const grant = openGrant(grantText, key)
    for (const secret of [key, state.sessionKey]) secret.fill(0) // [YAAS-3.1-4]
    this.#state = { phase: "done" }
    return new ClassicSession(this.#login, grant)
  }
}

/** @throws {PeerError} `bad-exchange` */
function sharedOf(ours: Uint8Array | null, theirs: Uint8Array | null): Uint8Array | null {
  if (!ours && !theirs) return null
  const shared = ours && theirs && crypto.exchange(ours, theirs)
  if (shared) return shared
  throw new PeerError(
    "bad-exchange",
    ours
      ? "The server did not answer the key exchange, or somebody took it out. Turn it on there too."
      : "The server answered a key exchange that was not asked for. Somebody may have changed what was sent.",
  ) // [YAAS-4-3]
}

function wrongOrder(): UsageError {
  return new UsageError(
    "wrong-order",
    "A client logs in once: request, prove, accept. Make a new client for another login.",
  )
}
