import { base64url, PeerError, UsageError } from "../../bytes/index.js"
import { Caller } from "./client-caller.js"
import type { LoginChannel, RawAnswer } from "./client-channel.js"
import { SessionKeeper } from "./client-keeper.js"
import { endDevice, endOtherDevices, listDevices } from "./client-management.js"
import { replaceRecord } from "./client-password.js"
import { type Protection, sealed, signed } from "./client-protection.js"
import { readCall } from "./client-request.js"
import type { LoginName, LoginShelf } from "./client-shelf.js"
import type { ChangePasswordOptions, Device, SessionStatus } from "./client-types.js"

/**
 * One device of a user that is logged in. All programs that share its store share it; each has a lane of its own.
 * It opens lanes and refreshes by itself, and repeats a call only where the server proved that it did nothing.
 */
export class LoginSession {
  readonly #shelf: LoginShelf
  readonly #channel: LoginChannel
  readonly #keeper: SessionKeeper
  readonly #caller: Caller

  /** @internal */
  constructor({ login, realm }: LoginName, shelf: LoginShelf, channel: LoginChannel) {
    this.#shelf = shelf
    this.#channel = channel
    this.#keeper = new SessionKeeper({ login, realm }, shelf, channel)
    this.#caller = new Caller(this.#keeper, channel)
  }

  /**
   * As the platform's `fetch`, with the server of this session alone: nobody on the way sees or changes anything of
   * it, or answers. A path alone will do. Redirections come back as they are; bodies have up to 16 MiB.
   *
   * @throws {PeerError} what the server says, and proves: `revoked`: log in again; `missing-scope`, `unprotected`,
   *   `used`, `denied`
   * @throws {ChannelError} `unreachable`; `unauthenticated-answer`: somebody else answered. Whether the call was acted
   *   on is not known, and nothing has changed here
   * @throws {UsageError} `other-origin`, `bad-url`, `bad-field`, `bad-request`, `too-large`, `logged-out`
   */
  readonly fetch = (input: string | URL | Request, init?: RequestInit): Promise<Response> =>
    this.#fetch(sealed, input, init)

  /** The same in the open: everybody sees it, and nobody can change, repeat or answer it. */
  readonly signedFetch = (input: string | URL | Request, init?: RequestInit): Promise<Response> =>
    this.#fetch(signed, input, init)

  /** What this device knows. @throws {UsageError} `logged-out` */
  async status(): Promise<SessionStatus> {
    const saved = await this.#keeper.current()
    const { device, login, realm, scopes, serverKeys, session, url } = saved
    const serverKey = serverKeys[0] as Uint8Array
    const { generation, session: id } = session
    return { url, realm, login, device, session: base64url(id), scopes, serverKey, generation }
  }

  /** All devices of this user that are logged in. */
  async devices(): Promise<readonly Device[]> {
    return listDevices(this.#caller, this.#channel.endpoint)
  }

  /** Ends the session of another device. @throws {UsageError} `unknown-device` */
  async revoke(session: string): Promise<void> {
    if (await endDevice(this.#caller, this.#channel.endpoint, session)) return
    throw new UsageError("unknown-device", "There is no such device, or it is logged out already.")
  }

  /** Ends the sessions of all other devices. */
  async revokeOthers(): Promise<void> {
    await endOtherDevices(this.#caller, this.#channel.endpoint)
  }

  /**
   * Sessions stay, this one and the others. With `endsOthers` all others end in the same moment.
   * @throws {PeerError} `not-proven`: the old password is wrong, or somebody is in the way
   */
  async changePassword(options: ChangePasswordOptions): Promise<void> {
    await replaceRecord(this.#shelf, this.#channel, this.#keeper.name, options)
  }

  /** To the next generation of keys, which happens by itself about once an hour of use. */
  async refresh(): Promise<void> {
    await this.#caller.refresh()
  }

  /** Ends the session at the server, and forgets it here. */
  async logout(): Promise<void> {
    const { session } = await this.#keeper.current()
    try {
      await endDevice(this.#caller, this.#channel.endpoint, base64url(session.session))
    } catch (error) {
      if (!(error instanceof PeerError) || error.code !== "revoked") throw error
    }
    // Another program may have logged in anew meanwhile.
    await this.#keeper.forget(session.session)
    this.#caller.leave()
  }

  /** Forgets the session on this device alone: for when the server does not answer. */
  async forget(): Promise<void> {
    await this.#keeper.forget()
    this.#caller.leave()
  }

  async #fetch(
    protection: Protection,
    input: string | URL | Request,
    init: RequestInit = {},
  ): Promise<Response> {
    const signal = init.signal ?? (input instanceof Request ? input.signal : undefined)
    signal?.throwIfAborted()
    const request = await readCall(this.#channel.endpoint, input, init)
    return responseOf(await this.#caller.call(request, protection, signal))
  }
}

function responseOf({ body, fields, status }: RawAnswer): Response {
  const headers = new Headers()
  for (const [name, value] of fields) headers.append(name, value)
  const hasNoBody = status === 204 || status === 205 || status === 304
  return new Response(hasNoBody ? null : body.slice(), { status, headers })
}
