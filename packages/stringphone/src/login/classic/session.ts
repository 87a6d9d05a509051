import { encodeJson, hex, UsageError } from "../../bytes/index.js"
import { decodeSaved, isBytes, isCount } from "./saved.js"
import { encodeCall, maxCallNumber } from "./wire/call.js"
import type { Field } from "./wire/form.js"
import type { Grant } from "./wire/grant.js"

/** Names and values of a call: a record, a `Map` or pairs. */
export type CallArguments =
  Readonly<Record<string, string>> | Iterable<readonly [name: string, value: string]>

interface SavedSession {
  readonly version: 1
  readonly login: string
  readonly token: Uint8Array
  readonly tokenKey: Uint8Array
  readonly lastNumber: number
}

/**
 * The client after a login: signs calls with a key that has nothing to do with the password. **Answers
 * are not signed**, and nothing is encrypted.
 */
export class ClassicSession {
  readonly #grant: Grant
  #lastNumber: number
  readonly login: string
  /** In hexadecimal. Not secret: every call shows it. */
  readonly token: string

  /** @internal */
  constructor(login: string, grant: Grant, lastNumber = 0) {
    this.#grant = grant
    this.#lastNumber = lastNumber
    this.login = login
    this.token = hex(grant.token)
  }

  /**
   * What {@link save} gave. A copy older than the last call makes calls that the server refuses.
   * @throws {ChannelError} `login-corrupt`, `login-newer`
   */
  static restore(saved: Uint8Array): ClassicSession {
    const session = decodeSaved(saved, isSavedSession)
    return new ClassicSession(session.login, session, session.lastNumber)
  }

  /**
   * Signs a call. Each has a higher number than the one before; the server takes them in this order
   * alone. Save before you send. [YAAS-5-2]
   *
   * @returns the arguments to send, as the body of a request or as a query
   * @throws {UsageError} `bad-arguments`; `bad-limits` after 9,007,199,254,740,991 calls
   */
  call(args: CallArguments = {}): string {
    const fields = Symbol.iterator in args ? [...(args as Iterable<Field>)] : Object.entries(args)
    const number = this.#lastNumber + 1
    if (number > maxCallNumber) {
      throw new UsageError(
        "bad-limits",
        "This session has no number left for a call. Log in again.",
      )
    }
    const { token, tokenKey } = this.#grant
    const text = encodeCall({ login: this.login, token, number, args: fields }, tokenKey)
    this.#lastNumber = number
    return text
  }

  /** For {@link restore}. **Secret**: whoever has it makes calls in the user's name. */
  save(): Uint8Array {
    const { token, tokenKey } = this.#grant
    return encodeJson({
      version: 1,
      login: this.login,
      token,
      tokenKey,
      lastNumber: this.#lastNumber,
    } satisfies SavedSession)
  }
}

function isSavedSession(saved: unknown): saved is SavedSession {
  const { login, token, tokenKey, lastNumber } = saved as Partial<SavedSession>
  return (
    typeof login === "string" && isBytes(token, 16) && isBytes(tokenKey, 32) && isCount(lastNumber)
  )
}
