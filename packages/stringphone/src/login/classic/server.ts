import { hex, PeerError, UsageError } from "../../bytes/index.js"
import type { StretchCost } from "../../crypto/index.js"
import * as crypto from "../../crypto/index.js"
import { defaultCost, requireCost } from "./cost.js"
import { stepSpread } from "./kdf.js"
import { type ClassicServerLimits, limitsFrom } from "./limits.js"
import { realmFrom } from "./names.js"
import { OpenChallenges } from "./open-challenges.js"
import { drawBytes, type RandomBytes } from "../random-bytes.js"
import { drawBelow } from "./random.js"
import { type ClassicRecord, madeUpRecord, requireRecordOf } from "./record.js"
import { type AcceptedRisks, requireAccepted } from "./risks.js"
import { grantKey, sessionKey } from "./session-key.js"
import { isSigned } from "./sign.js"
import { Tokens } from "./tokens.js"
import { encodeChallenge } from "./wire/challenge.js"
import { sealGrant } from "./wire/grant.js"
import { decodeProof } from "./wire/proof.js"
import { decodeRequest } from "./wire/request.js"

export interface ClassicLoginServerOptions extends AcceptedRisks {
  /** The server's name, as its clients know it. */
  readonly realm: string
  /**
   * 32 random bytes that stay the same for ever: answers to logins that nobody has are made of them.
   */
  readonly secret: Uint8Array
  /** Of all records. Logins with another are told from those that nobody has. [YAAS-2-8] */
  readonly cost?: StretchCost
  /** Answers an X25519 that a client offers. */
  readonly hasExchange?: boolean
  readonly limits?: Partial<ClassicServerLimits>
  /** What {@link ClassicLoginServer.save} gave. An older copy takes old calls again. */
  readonly saved?: Uint8Array
}

/** What a step needs from outside. */
export interface ClassicLoginContext {
  /** Milliseconds since 1970. */
  readonly nowMs: number
  /** Cryptographically random bytes. */
  readonly random: RandomBytes
}

/** Somebody logged in. */
export interface ClassicGrant {
  /** What to send to the client. */
  readonly text: string
  readonly login: string
  /** Names the token, in hexadecimal. */
  readonly token: string
}

/** A call that was taken. */
export interface ClassicCall {
  readonly login: string
  readonly token: string
  readonly number: number
  /** In the order in which the client wrote them. */
  readonly args: ReadonlyMap<string, string>
}

/**
 * The server's end of all logins, and of the calls after them. It does no I/O: pass on what comes, send what
 * it returns. It answers logins that nobody has as it does others; looking a record up must not take
 * longer for one than for the other, and how often one address may ask is for the caller to limit.
 */
export class ClassicLoginServer {
  readonly #realm: string
  readonly #secret: Uint8Array
  readonly #cost: StretchCost
  readonly #hasExchange: boolean
  readonly #limits: ClassicServerLimits
  readonly #challenges: OpenChallenges
  readonly #tokens: Tokens

  /**
   * @throws {UsageError} `classic-not-enabled`, `bad-realm`, `bad-secret`, `bad-cost`, `bad-limits`
   * @throws {ChannelError} `login-corrupt`, `login-newer`
   */
  constructor(options: ClassicLoginServerOptions) {
    requireAccepted(options)
    this.#realm = realmFrom(options.realm)
    this.#secret = Uint8Array.from(requireSecret(options.secret))
    this.#cost = requireCost(options.cost ?? defaultCost)
    this.#hasExchange = options.hasExchange ?? false
    this.#limits = limitsFrom(options.limits)
    this.#challenges = new OpenChallenges(
      this.#limits.maxChallenges,
      this.#limits.maxChallengesPerLogin,
    )
    this.#tokens = new Tokens(this.#limits.maxTokensPerLogin)
    if (options.saved) this.#tokens.restore(options.saved)
  }

  /**
   * Whose record a request needs.
   * @throws {PeerError} `malformed`
   */
  static loginOf(request: string): string {
    return decodeRequest(request).login
  }

  /**
   * Answers a request.
   *
   * @param record of the login that {@link loginOf} gave; `null`: there is none
   * @returns what to send back
   * @throws {PeerError} `malformed`, `bad-exchange`
   * @throws {UsageError} `bad-record`, `bad-random`, `bad-time`
   */
  challenge(request: string, record: ClassicRecord | null, context: ClassicLoginContext): string {
    const { nowMs, random } = requireTime(context)
    const { login, exchangeKey } = decodeRequest(request)
    if (record) requireRecordOf(record, login)
    // Made up for everybody, so that it takes as long for everybody.
    const madeUp = madeUpRecord(this.#secret, this.#realm, login, this.#cost)
    const answering = record ?? madeUp
    const steps = answering.steps + 1 + drawBelow(random, stepSpread) // [YAAS-4-6]
    const nonce = Uint8Array.from(drawBytes(random, 16))
    const exchange = exchangeKey && this.#hasExchange ? answered(exchangeKey, random) : null
    const text = encodeChallenge({
      steps,
      salt: answering.salt,
      cost: answering.cost,
      nonce,
      exchangeKey: exchange && exchange.publicKey,
    })
    const open = {
      login,
      record: answering,
      isKnown: record !== null,
      steps,
      shared: exchange && exchange.shared,
      request,
      text,
      endsAtMs: nowMs + this.#limits.challengeLifeMs,
    }
    this.#challenges.add(nonce, open, nowMs)
    return text
  }

  /**
   * Checks a proof, which uses up its challenge.
   *
   * @throws {PeerError} `malformed`; `login-refused`, whatever the reason
   * @throws {UsageError} `bad-random`, `bad-time`
   */
  prove(proofText: string, context: ClassicLoginContext): ClassicGrant {
    const { nowMs, random } = requireTime(context)
    const proof = decodeProof(proofText)
    const open = this.#challenges.take(proof.nonce, nowMs)
    if (!open) throw refused()
    const key = open.record.keyAt(this.#realm, open.steps)
    const k = sessionKey(key, open.shared, open.request, open.text)
    const isRight = isSigned(proofText, k)
    if (!isRight || !open.isKnown || proof.login !== open.login) throw refused() // [YAAS-4-8]
    const grant = {
      token: Uint8Array.from(drawBytes(random, 16)),
      tokenKey: Uint8Array.from(drawBytes(random, 32)), // [YAAS-3.1-4]
    }
    const text = sealGrant(grant, drawBytes(random, 24), grantKey(k))
    const endsAtMs = nowMs + this.#limits.tokenLifeMs
    this.#tokens.add({ ...grant, login: open.login, endsAtMs, lastNumber: 0 }, nowMs)
    return { text, login: open.login, token: hex(grant.token) }
  }

  /**
   * Takes a call, once. Save before you act on it. [YAAS-5-4]
   *
   * @param nowMs milliseconds since 1970
   * @throws {PeerError} `malformed`, `unknown-token`, `bad-signature`, `replayed`
   * @throws {UsageError} `bad-time`
   */
  call(text: string, nowMs: number): ClassicCall {
    const { login, token, number, args } = this.#tokens.take(text, requireTime({ nowMs }).nowMs)
    return { login, token: hex(token), number, args: new Map(args) }
  }

  /** Ends a token. @returns whether there was one */
  revoke(token: string): boolean {
    return this.#tokens.revoke(token)
  }

  /** Ends all tokens of a login: do so when its password changes. @returns how many there were */
  revokeAll(login: string): number {
    return this.#tokens.revokeAll(login)
  }

  /** All tokens; open challenges are not kept. **Secret**: whoever has it makes calls in all names. */
  save(): Uint8Array {
    return this.#tokens.save()
  }
}

/** @throws {PeerError} `bad-exchange` */
function answered(
  theirs: Uint8Array,
  random: RandomBytes,
): { readonly publicKey: Uint8Array; readonly shared: Uint8Array } {
  const secretKey = drawBytes(random, 32)
  const shared = crypto.exchange(secretKey, theirs)
  if (shared) return { publicKey: crypto.exchangePublicKey(secretKey), shared }
  throw new PeerError("bad-exchange", "The client's key for the exchange is of low order.") // [YAAS-4-9]
}

function refused(): PeerError {
  return new PeerError(
    "login-refused",
    "The login was refused: a wrong login or password, or it took too long. Try again.",
  )
}

function requireSecret(secret: Uint8Array): Uint8Array {
  if (secret instanceof Uint8Array && secret.length === 32) return secret
  throw new UsageError("bad-secret", "The secret of a server is a Uint8Array of 32 random bytes.")
}

function requireTime<T extends { readonly nowMs: number }>(context: T): T {
  if (Number.isFinite(context.nowMs)) return context
  throw new UsageError("bad-time", "The time is a number of milliseconds since 1970.")
}
