import { PeerError, UsageError } from "../bytes/index.js"
import { exchange, exchangePublicKey } from "../crypto/index.js"
import { box, openBox } from "./box.js"
import { ClientRecord } from "./client-record.js"
import type { RecordTerms } from "./handshake-keys.js"
import { type Invitation, invitationId } from "./invitation.js"
import { takeLogin } from "./names.js"
import type { Price, PriceBounds } from "./price.js"
import { drawBytes, type RandomBytes } from "./random-bytes.js"
import { registrationKey, type RegistrationStep } from "./registration-keys.js"
import {
  decodeRegistered,
  decodeRegisteredText,
  encodeRecordMessage,
  encodeRecordText,
  recordHead,
  registeredHead,
} from "./wire/record.js"
import {
  decodeRegistering,
  decodeRegisteringText,
  encodeRegister,
  encodeRegisterText,
  registerHead,
  registeringHead,
} from "./wire/register.js"

export interface ClientRegistrationOptions {
  readonly invitation: Invitation
  /** Where the invitation leaves it to the user. */
  readonly login?: string | undefined
  /** Less than the least of the specification: for tests. */
  readonly minimumPrice?: Price | undefined
}

/** What a client knows after it has registered, all of it to be pinned for the login. */
export interface Registered extends RecordTerms {
  readonly login: string
}

type State =
  | { readonly phase: "new" | "over" }
  | { readonly phase: "started"; readonly keys: StepKeys }
  | { readonly phase: "recorded"; readonly keys: StepKeys; readonly price: Price }

type StepKeys = (step: RegistrationStep) => Uint8Array

/**
 * The client's side of one registration: start, record, finish. Each message may be sent again, as it
 * is, until there is an answer. The password is given for each step, and not kept between them.
 */
export class ClientRegistration {
  readonly login: string
  readonly #invitation: Invitation
  readonly #bounds: PriceBounds
  readonly #record = new ClientRecord()
  #state: State = { phase: "new" }

  /** @throws {UsageError} `bad-login` */
  constructor({ invitation, login, minimumPrice }: ClientRegistrationOptions) {
    this.#invitation = invitation
    this.#bounds = { minimum: minimumPrice }
    this.login = takeLogin(invitation.login === "" ? (login ?? "") : invitation.login)
    if (login !== undefined && takeLogin(login) !== this.login) {
      throw new UsageError("bad-login", `This invitation is for ${this.login}, and no other login.`)
    }
  }

  /** @throws {UsageError} `wrong-order`, `bad-password`, `bad-random`, `bad-invitation`, `not-ready` */
  start(password: string, { random }: { readonly random: RandomBytes }): Uint8Array {
    if (this.#state.phase !== "new") throw wrongOrder()
    const { code, exchangeKey } = this.#invitation
    const secret = drawBytes(random, 32)
    const shared = exchange(secret, exchangeKey)
    if (!shared) throw new UsageError("bad-invitation", "This invitation has no server's key.")
    const ephemeralKey = exchangePublicKey(secret)
    const keys: StepKeys = (step) => registrationKey(step, shared, code, ephemeralKey)
    const request = this.#record.request(password)
    const text = encodeRegisterText({ login: this.login, request })
    const invitation = invitationId(code)
    const sealed = box(keys(0), 0, registerHead(invitation, ephemeralKey), text)
    this.#state = { phase: "started", keys }
    return encodeRegister({ invitation, ephemeralKey, sealed })
  }

  /**
   * Takes as long as Argon2id does.
   * @param password the same as before
   * @throws {PeerError} `malformed`, `altered`, `login-taken`, `weak-price`, `price-too-high`: it is not taken, and
   *   another answer may come
   * @throws {UsageError} `wrong-order`, `bad-password`
   */
  record(registeringBytes: Uint8Array, password: string): Uint8Array {
    if (this.#state.phase !== "started") throw wrongOrder()
    const { keys } = this.#state
    const sealed = decodeRegistering(registeringBytes)
    const answer = decodeRegisteringText(open(keys(1), registeringHead, sealed))
    if ("error" in answer) {
      throw new PeerError("login-taken", `The login ${this.login} is taken. Choose another one.`)
    }
    const { price, response } = answer
    const terms = this.#terms(price)
    const record = this.#record.record(response, password, this.login, terms, this.#bounds)
    const invitation = invitationId(this.#invitation.code)
    const text = encodeRecordText(record)
    this.#state = { phase: "recorded", keys, price }
    return encodeRecordMessage({
      invitation,
      sealed: box(keys(2), 0, recordHead(invitation), text),
    })
  }

  /**
   * @throws {PeerError} `malformed`, `altered`: it is not taken, and another answer may come
   * @throws {UsageError} `wrong-order`
   */
  finish(registeredBytes: Uint8Array): Registered {
    if (this.#state.phase !== "recorded") throw wrongOrder()
    const { keys, price } = this.#state
    const text = open(keys(3), registeredHead, decodeRegistered(registeredBytes))
    if (decodeRegisteredText(text) !== this.login) throw altered()
    this.#state = { phase: "over" }
    return { login: this.login, ...this.#terms(price) }
  }

  #terms(price: Price): RecordTerms {
    const { realm, serverKey } = this.#invitation
    return { realm, serverKey, price }
  }
}

function open(key: Uint8Array, head: Uint8Array, sealed: Uint8Array): Uint8Array {
  const text = openBox(key, 0, head, sealed)
  if (text) return text
  throw altered()
}

function altered(): PeerError {
  return new PeerError(
    "altered",
    "The answer to this registration is not the server's: it was altered on its way. Try again.",
  )
}

function wrongOrder(): UsageError {
  return new UsageError(
    "wrong-order",
    "A client registers once: start, record, finish. Make a new one for another registration.",
  )
}
