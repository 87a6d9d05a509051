import { encodeJson, hex, PeerError } from "../../bytes/index.js"
import { decodeSaved, isBytes, isCount } from "./saved.js"
import { isSigned } from "./sign.js"
import { decodeCall, type LoginCall } from "./wire/call.js"

/** A login that lasts. */
export interface LiveToken {
  readonly login: string
  readonly token: Uint8Array
  readonly tokenKey: Uint8Array
  readonly endsAtMs: number
  /** Of the last call that was taken. */
  readonly lastNumber: number
}

interface SavedTokens {
  readonly version: 1
  readonly tokens: readonly LiveToken[]
}

/** Tokens by their name in hexadecimal, the oldest first. */
export class Tokens {
  readonly #byName = new Map<string, LiveToken>()
  readonly #maxPerLogin: number

  constructor(maxPerLogin: number) {
    this.#maxPerLogin = maxPerLogin
  }

  add(token: LiveToken, nowMs: number): void {
    const sameLogin: string[] = []
    for (const [name, { login, endsAtMs }] of this.#byName) {
      if (nowMs >= endsAtMs) this.#byName.delete(name)
      else if (login === token.login) sameLogin.push(name)
    }
    if (sameLogin.length >= this.#maxPerLogin) this.#byName.delete(sameLogin[0] as string) // [YAAS-5-5]
    this.#byName.set(hex(token.token), token)
  }

  /** @throws {PeerError} `malformed`, `unknown-token`, `bad-signature`, `replayed` */
  take(text: string, nowMs: number): LoginCall {
    const call = decodeCall(text)
    const name = hex(call.token)
    const live = this.#byName.get(name)
    if (!live || nowMs >= live.endsAtMs || live.login !== call.login) {
      throw new PeerError("unknown-token", "This token is not known, or no longer. Log in again.")
    }
    if (!isSigned(text, live.tokenKey)) {
      throw new PeerError("bad-signature", "The call was changed on the way, or is not the user's.")
    }
    if (call.number <= live.lastNumber) {
      throw new PeerError("replayed", "A call with this number, or a higher one, came before.")
    } // [YAAS-5-3]
    this.#byName.set(name, { ...live, lastNumber: call.number })
    return call
  }

  /** @returns whether it was there */
  revoke(name: string): boolean {
    return this.#byName.delete(name)
  }

  /** @returns how many were there */
  revokeAll(login: string): number {
    const names = [...this.#byName].filter(([, token]) => token.login === login)
    for (const [name] of names) this.#byName.delete(name)
    return names.length
  }

  save(): Uint8Array {
    const tokens = [...this.#byName.values()]
    return encodeJson({ version: 1, tokens } satisfies SavedTokens)
  }

  /** @throws {ChannelError} `login-corrupt`, `login-newer` */
  restore(saved: Uint8Array): void {
    for (const token of decodeSaved(saved, isSavedTokens).tokens) {
      this.#byName.set(hex(token.token), token)
    }
  }
}

function isSavedTokens(saved: unknown): saved is SavedTokens {
  const { tokens } = saved as Partial<SavedTokens>
  return Array.isArray(tokens) && tokens.every(isLiveToken)
}

function isLiveToken(value: unknown): value is LiveToken {
  const { login, token, tokenKey, endsAtMs, lastNumber } = (value ?? {}) as Partial<LiveToken>
  return (
    typeof login === "string" &&
    isBytes(token, 16) &&
    isBytes(tokenKey, 32) &&
    Number.isFinite(endsAtMs) &&
    isCount(lastNumber)
  )
}
