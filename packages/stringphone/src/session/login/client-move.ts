import { UsageError } from "../../bytes/index.js"
import { LoginChannel } from "./client-channel.js"
import { endpointOf, endpointUrl } from "./client-endpoint.js"
import { openSession } from "./client-opening.js"
import { LoginShelf } from "./client-shelf.js"
import type { OpenSessionOptions } from "./client-types.js"
import { LoginSession } from "./client.js"

export interface MoveSessionOptions extends OpenSessionOptions {
  /** Where the server is now, as `http://192.168.4.1`; with a path, that is where logins are. */
  readonly url: string
}

/**
 * The session of a server that is at another address now. It is asked there, without a password, and has to prove that it
 * is the same: only then is the address saved.
 *
 * @example
 * ```ts no-run
 * import { moveSession } from "stringphone/session/login"
 * import { createMemoryStore } from "stringphone/store/memory"
 *
 * const store = createMemoryStore()
 * const session = await moveSession({ store, realm: "lamp.example", url: "http://192.168.4.2" })
 * ```
 *
 * @throws {PeerError} what it says, and proves: `revoked`; `denied`: it takes no calls at that address
 * @throws {ChannelError} `unreachable`; `unauthenticated-answer`: what answers there is another
 * @throws {UsageError} `bad-url`, `logged-out`, `several-sessions`
 */
export async function moveSession(options: MoveSessionOptions): Promise<LoginSession> {
  const { fetch, login, realm, store } = options
  const endpoint = endpointOf(options.url)
  const name = await (await openSession({ store, realm, login, fetch })).status()
  const shelf = new LoginShelf(store)
  const session = new LoginSession(name, shelf, new LoginChannel(endpoint, fetch))
  await session.devices()
  const url = endpointUrl(endpoint)
  await shelf.update(name, (before) => {
    if (!before) throw new UsageError("logged-out", "This session was removed meanwhile. Log in.")
    return { ...before, url }
  })
  return session
}
