import { UsageError } from "../../bytes/index.js"
import type { StretchCost } from "../../crypto/index.js"
import * as crypto from "../../crypto/index.js"
import { defaultCost, requireCost } from "./cost.js"
import { advance, boundSaltOf, chainKeyOf, passwordKey, recordSteps, sized } from "./kdf.js"
import { loginFrom, realmFrom } from "./names.js"
import { drawBytes, type RandomBytes } from "../random-bytes.js"
import { type AcceptedRisks, requireAccepted } from "./risks.js"
import { decodeRecord, encodeRecord, type RecordParts } from "./wire/record.js"

/** What {@link createClassicRecord} makes a record of. */
export interface NewClassicRecord extends AcceptedRisks {
  /** The server's name, as its clients know it. */
  readonly realm: string
  readonly login: string
  readonly password: string
  /** The same for all records of a server; without it three passes over 64 MiB. */
  readonly cost?: StretchCost
}

/**
 * What a server keeps of a user, in place of the password. Its secret shows in no log, no JSON and no
 * inspection; {@link toText} has it, and **whoever gets that can log in**.
 */
export class ClassicRecord {
  readonly #parts: RecordParts
  readonly login: string
  readonly cost: StretchCost

  /** @internal */
  constructor(parts: RecordParts) {
    this.#parts = parts
    this.login = parts.login
    this.cost = parts.cost
  }

  /**
   * What {@link toText} gave.
   * @throws {PeerError} `malformed`
   */
  static fromText(text: string): ClassicRecord {
    return new ClassicRecord(decodeRecord(text))
  }

  /** One line, to bring to the server by a path that nobody else reads, and to keep there. */
  toText(): string {
    return encodeRecord(this.#parts)
  }

  /** @internal */
  get salt(): Uint8Array {
    return this.#parts.salt
  }

  /** N. @internal */
  get steps(): number {
    return this.#parts.steps
  }

  /** kdf(password, M). @internal */
  keyAt(realm: string, steps: number): Uint8Array {
    const { login, salt, key, steps: from } = this.#parts
    return advance(chainKeyOf(boundSaltOf(realm, login, salt)), key, steps - from) // [YAAS-2-6]
  }
}

/**
 * Registers a user: run it where the password is typed, at the client or by who runs the server.
 *
 * @param random cryptographically random bytes
 * @throws {UsageError} `classic-not-enabled`, `bad-realm`, `bad-login`, `bad-password`, `bad-cost`,
 *   `bad-random`
 *
 * @example
 * ```ts
 * const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
 * const record = createClassicRecord(
 *   {
 *     acceptRisks: "classic-login",
 *     realm: "house.example",
 *     login: "alice",
 *     password: "correct horse battery staple",
 *     cost: { passes: 1, memoryKib: 8192 },
 *   },
 *   random,
 * )
 * ClassicRecord.fromText(record.toText()).login // → 'alice'
 * ```
 */
export function createClassicRecord(user: NewClassicRecord, random: RandomBytes): ClassicRecord {
  requireAccepted(user)
  const [realm, login] = [realmFrom(user.realm), loginFrom(user.login)]
  const cost = requireCost(user.cost ?? defaultCost)
  const salt = Uint8Array.from(drawBytes(random, 16))
  const key = passwordKey(user.password, boundSaltOf(realm, login, salt), cost, recordSteps)
  return new ClassicRecord({ login, salt, cost, steps: recordSteps, key }) // [YAAS-2-7]
}

/** Stands for a login that nobody has; always the same for the same login. [YAAS-4-5] */
export function madeUpRecord(
  secret: Uint8Array,
  realm: string,
  login: string,
  cost: StretchCost,
): ClassicRecord {
  const of = (label: string): Uint8Array =>
    crypto.authenticate(crypto.labelled(label, sized(realm), sized(login)), secret)
  const salt = of("login classic unknown salt").slice(0, 16)
  const key = of("login classic unknown key")
  return new ClassicRecord({ login, salt, cost, steps: recordSteps, key })
}

/** @throws {UsageError} `bad-record` */
export function requireRecordOf(record: ClassicRecord, login: string): void {
  if (record instanceof ClassicRecord && record.login === login) return
  throw new UsageError("bad-record", "Look the record up by the login that `loginOf` gives.")
}
