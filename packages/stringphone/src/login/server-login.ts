import { PeerError, sameBytes } from "../bytes/index.js"
import { AcceptedLogin, type ProvenLogin } from "./accepted-login.js"
import { openBox } from "./box.js"
import {
  challengeTranscript,
  finishKey,
  finishTranscript,
  isKnownDeviceProof,
  opaqueIdentities,
} from "./handshake-keys.js"
import type { LoginRecord } from "./login-record.js"
import { type OpaqueIdentities, verifyOpaqueLogin } from "./opaque.js"
import { drawBytes, type RandomBytes } from "./random-bytes.js"
import type { ServerRealm } from "./server-realm.js"
import { encodeChallenge } from "./wire/challenge.js"
import { decodeFinish, decodeFinishText } from "./wire/finish.js"
import { decodeStart } from "./wire/start.js"

/**
 * What a server keeps between challenge and finish, for 60 s at most, and takes away for the first
 * finish that names it. Plain data, and secret. [LOGIN-3-6]
 */
export interface LoginAttempt {
  /** 16 bytes. */
  readonly id: Uint8Array
  readonly login: string
  /** There is a record of this login. */
  readonly isKnown: boolean
  readonly isOutdated: boolean
  readonly identities: OpaqueIdentities
  /** T1 */
  readonly transcript: Uint8Array
  /** The library's, 128 bytes. */
  readonly state: Uint8Array
}

/** Who wants to log in, before anything of it is proven. */
export interface AskedLogin {
  readonly login: string
  /** The session that this device says it had, 16 bytes. */
  readonly knownSession: Uint8Array | null
  /**
   * Whether it proves that. Look at whose that session is, too. [LOGIN-9-3]
   * @param key the known-device key of its last generation
   */
  isKnownDevice(key: Uint8Array): boolean
}

export interface ChallengedLogin {
  readonly answer: Uint8Array
  readonly attempt: LoginAttempt
}

/** The server's side of a login. Nothing is kept here: records and attempts come in and go out. */
export class ServerLogin {
  readonly #realm: ServerRealm

  /** Wait for `opaqueReady()` before the first challenge. */
  constructor(realm: ServerRealm) {
    this.#realm = realm
  }

  /** Whose record, and whose waiting time, to look for. @throws {PeerError} `malformed` */
  static asked(startBytes: Uint8Array): AskedLogin {
    const { ke1, known, login } = decodeStart(startBytes)
    return {
      login,
      knownSession: known?.session ?? null,
      isKnownDevice: (key) => known !== null && isKnownDeviceProof(known.mac, key, ke1),
    }
  }

  /** Of an attempt, 16 bytes. @throws {PeerError} `malformed` */
  static attemptId(finishBytes: Uint8Array): Uint8Array {
    return decodeFinish(finishBytes).attempt.slice()
  }

  /**
   * Count the attempt as failed before its answer goes out. [LOGIN-9-1]
   *
   * @param record of the login that was asked; `null`: there is none, and the same steps are done
   * @throws {PeerError} `malformed`
   * @throws {UsageError} `no-setup`, `bad-random`
   */
  challenge(
    startBytes: Uint8Array,
    record: LoginRecord | null,
    { random }: { readonly random: RandomBytes },
  ): ChallengedLogin {
    const { ke1, login } = decodeStart(startBytes)
    const { setups } = this.#realm
    const fake = { ...this.#realm.offer, opaque: setups.fakeRecord(setups.newest, random) }
    const used = record ?? fake // [LOGIN-3-1]
    const terms = this.#realm.termsOf(used)
    const identities = opaqueIdentities(login, terms)
    const { ke2, state } = setups.answerLogin(used.setup, used.opaque, ke1, identities)
    const id = drawBytes(random, 16)
    const answer = encodeChallenge({ attempt: id, ...terms, ke2 })
    const attempt = {
      id,
      login,
      isKnown: record !== null,
      isOutdated: this.#realm.isOutdated(used),
      identities,
      transcript: challengeTranscript(startBytes, answer),
      state,
    }
    return { answer, attempt }
  }

  /**
   * @param attempt that its bytes name, taken away from where it was kept; `null`: there is none, or it is late
   * @returns `null`: denied, whatever is wrong [LOGIN-3-7]
   * @throws {PeerError} `malformed`: it is no finish at all
   */
  finish(finishBytes: Uint8Array, attempt: LoginAttempt | null): AcceptedLogin | null {
    const finish = decodeFinish(finishBytes)
    if (!attempt || !sameBytes(finish.attempt, attempt.id)) return null // [LOGIN-3-6]
    const { identities, isKnown, isOutdated, login, state, transcript } = attempt
    const sessionKey = verifyOpaqueLogin(state, finish.ke3, identities)
    if (!sessionKey || !isKnown) return null
    const key = finishKey(sessionKey, transcript)
    const text = openBox(key, 0, transcript, finish.sealed)
    const t2 = finishTranscript(transcript, finishBytes)
    return text && accepted(this.#realm, { sessionKey, t2, login, isOutdated }, text)
  }
}

/** `null`: the client is proven, and says nonsense. */
function accepted(realm: ServerRealm, proven: ProvenLogin, text: Uint8Array): AcceptedLogin | null {
  try {
    return new AcceptedLogin(realm, proven, decodeFinishText(text))
  } catch (error) {
    if (error instanceof PeerError) return null
    throw error
  }
}
