import { PeerError, sameBytes } from "../bytes/index.js"
import { hash } from "../crypto/index.js"
import { box, openBox } from "./box.js"
import { invitationId } from "./invitation.js"
import type { LoginRecord, RecordOffer } from "./login-record.js"
import { registrationKey, type RegistrationStep } from "./registration-keys.js"
import type { ServerRealm } from "./server-realm.js"
import {
  decodeRecordMessage,
  decodeRecordText,
  encodeRegistered,
  encodeRegisteredText,
  recordHead,
  registeredHead,
} from "./wire/record.js"
import {
  decodeRegister,
  decodeRegisterText,
  encodeRegistering,
  encodeRegisteringText,
  registerHead,
  registeringHead,
  type RegisterText,
} from "./wire/register.js"

/** A registration that was begun by an invitation. */
export interface BegunRegistration {
  /** X25519, 32 bytes. */
  readonly ephemeralKey: Uint8Array
  /** Of the message that began it, 32 bytes. */
  readonly digest: Uint8Array
  readonly answer: Uint8Array
  readonly login: string
  /** `null`: the login was taken. */
  readonly offer: RecordOffer | null
}

/**
 * What a server keeps of an invitation that it made, under its ID, until its last day. Plain data, and
 * secret. Each change is saved, by compare-and-set, before the answer goes out.
 */
export interface InvitationState {
  /** 16 bytes. */
  readonly code: Uint8Array
  readonly lastDay: number
  /** Empty: the user chooses. */
  readonly login: string
  readonly begun: readonly BegunRegistration[]
  /** By which record it was used up, and what was answered. */
  readonly used: { readonly digest: Uint8Array; readonly answer: Uint8Array } | null
}

/** What to do next: answer a repeated message as before, or find out whether a login is taken. */
export type OpenedRegistration =
  | { readonly kind: "repeated"; readonly answer: Uint8Array }
  | {
      readonly kind: "begun"
      readonly login: string
      /** @throws {PeerError} `malformed` */
      answer(isTaken: boolean): { readonly answer: Uint8Array; readonly state: InvitationState }
    }

/** What to do next: answer as before, or save record and state together, if the login is still free, and answer. */
export type FinishedRegistration =
  | { readonly kind: "repeated"; readonly answer: Uint8Array }
  | {
      readonly kind: "registered"
      readonly login: string
      readonly record: LoginRecord
      readonly state: InvitationState
      readonly answer: Uint8Array
    }

const maxBegun = 16

/** The server's side of registrations. Nothing is kept here: invitations come in and go out. */
export class ServerRegistration {
  readonly #realm: ServerRealm

  constructor(realm: ServerRealm) {
    this.#realm = realm
  }

  /** Of a new invitation. @param login empty: the user chooses */
  static invitationState(code: Uint8Array, lastDay: number, login: string): InvitationState {
    return { code: code.slice(), lastDay, login, begun: [], used: null }
  }

  /** Of what invitation a register or record message is, 16 bytes. @throws {PeerError} `malformed` */
  static invitationId(bytes: Uint8Array): Uint8Array {
    return bytes[0] === 0x20
      ? decodeRegister(bytes).invitation
      : decodeRecordMessage(bytes).invitation
  }

  /**
   * Takes a register message.
   * @param today days since 1970
   * @throws {PeerError} `malformed`, `denied`: answer with the error of that name
   */
  open(registerBytes: Uint8Array, state: InvitationState, today: number): OpenedRegistration {
    const { ephemeralKey, invitation, sealed } = decodeRegister(registerBytes)
    requireValid(invitation, state, today)
    const digest = hash(registerBytes)
    const same = state.begun.find((one) => sameBytes(one.ephemeralKey, ephemeralKey))
    if (same && !sameBytes(same.digest, digest)) throw denied() // No key seals two answers.
    if (same) return { kind: "repeated", answer: same.answer } // [LOGIN-8-2]
    if (state.used || state.begun.length >= maxBegun) throw denied()
    const key = this.#key(0, state.code, ephemeralKey)
    const opened = key && openBox(key, 0, registerHead(invitation, ephemeralKey), sealed)
    if (!opened) throw denied()
    const text = decodeRegisterText(opened)
    if (state.login !== "" && text.login !== state.login) throw denied()
    const { login } = text
    return {
      kind: "begun",
      login,
      answer: (isTaken) => {
        const offer = isTaken ? null : this.#realm.offer
        const answer = this.#registering(text, offer, state.code, ephemeralKey)
        const begun = { ephemeralKey, digest, answer, login, offer }
        return { answer, state: { ...state, begun: [...state.begun, begun] } }
      },
    }
  }

  /**
   * Takes a record message.
   * @throws {PeerError} `malformed`, `denied`: answer with the error of that name
   */
  finish(recordBytes: Uint8Array, state: InvitationState, today: number): FinishedRegistration {
    const { invitation, sealed } = decodeRecordMessage(recordBytes)
    requireValid(invitation, state, today)
    const digest = hash(recordBytes)
    if (state.used) {
      if (!sameBytes(state.used.digest, digest)) throw denied()
      return { kind: "repeated", answer: state.used.answer }
    }
    for (const { ephemeralKey, login, offer } of state.begun) {
      const key = offer && this.#key(2, state.code, ephemeralKey)
      const text = key && openBox(key, 0, recordHead(invitation), sealed)
      if (!text) continue
      const record = this.#realm.takeRecord(login, decodeRecordText(text), offer)
      const answer = this.#registered(login, state.code, ephemeralKey)
      return {
        kind: "registered",
        login,
        record,
        answer,
        state: { ...state, used: { digest, answer } },
      }
    }
    throw denied()
  }

  #registering(
    { login, request }: RegisterText,
    offer: RecordOffer | null,
    code: Uint8Array,
    ephemeralKey: Uint8Array,
  ): Uint8Array {
    const text = offer
      ? { response: this.#realm.answerRegistration(offer, login, request), price: offer.price }
      : ({ error: "login-taken" } as const)
    return encodeRegistering(
      this.#seal(1, code, ephemeralKey, registeringHead, encodeRegisteringText(text)),
    )
  }

  #registered(login: string, code: Uint8Array, ephemeralKey: Uint8Array): Uint8Array {
    return encodeRegistered(
      this.#seal(3, code, ephemeralKey, registeredHead, encodeRegisteredText(login)),
    )
  }

  #seal(
    step: RegistrationStep,
    code: Uint8Array,
    ephemeralKey: Uint8Array,
    head: Uint8Array,
    text: Uint8Array,
  ): Uint8Array {
    const key = this.#key(step, code, ephemeralKey)
    if (!key) throw denied()
    return box(key, 0, head, text)
  }

  /** `null`: its key is of low order. */
  #key(step: RegistrationStep, code: Uint8Array, ephemeralKey: Uint8Array): Uint8Array | null {
    const shared = this.#realm.identity.exchange(ephemeralKey)
    return shared && registrationKey(step, shared, code, ephemeralKey)
  }
}

function requireValid(invitation: Uint8Array, state: InvitationState, today: number): void {
  const isOther = !sameBytes(invitation, invitationId(state.code))
  if (isOther || today > state.lastDay) throw denied()
}

function denied(): PeerError {
  return new PeerError("denied", "This invitation does not allow that: it is wrong, late or used.")
}
