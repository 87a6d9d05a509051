import { UsageError } from "../../bytes/index.js"
import { takeLogin, takeRealm } from "../../login/index.js"
import type { Store } from "../../store/index.js"
import { LoginChannel } from "./client-channel.js"
import { endpointOf, endpointUrl } from "./client-endpoint.js"
import { LoginSession } from "./client.js"
import { LoginShelf } from "./client-shelf.js"
import type { Fetch, OpenSessionOptions } from "./client-types.js"

/**
 * The session that this device has, without a password and without asking anybody.
 *
 * @throws {UsageError} `logged-out`: there is none; `several-sessions`: say which one
 */
export async function openSession(options: OpenSessionOptions): Promise<LoginSession> {
  const shelf = new LoginShelf(options.store)
  const endpoint = options.url === undefined ? null : endpointOf(options.url)
  const url = endpoint && endpointUrl(endpoint)
  const realm = options.realm === undefined ? null : takeRealm(options.realm)
  const login = options.login === undefined ? null : takeLogin(options.login)
  const found = (await shelf.all()).filter(
    (one) =>
      one.session !== null &&
      (realm === null || one.realm === realm) &&
      (realm !== null || url === null || one.url === url) &&
      (login === null || one.login === login),
  )
  const [saved] = found
  if (!saved) throw new UsageError("logged-out", "This device has no such session. Log in.")
  if (found.length > 1) {
    const names = found.map((one) => `${one.login} at ${one.realm}`).join(", ")
    throw new UsageError("several-sessions", `There are several: ${names}. Say which one.`)
  }
  if (url !== null && url !== saved.url) {
    await shelf.update(saved, (now) => ({ ...(now ?? saved), url })) // It moved.
  }
  const channel = new LoginChannel(endpoint ?? endpointOf(saved.url), options.fetch)
  return new LoginSession(saved, shelf, channel)
}

/** All sessions that a store has, of any server. Whether they live, their servers know. */
export async function openSessions(options: {
  readonly store: Store
  readonly fetch?: Fetch | undefined
}): Promise<readonly LoginSession[]> {
  const shelf = new LoginShelf(options.store)
  return (await shelf.all())
    .filter(({ session }) => session !== null)
    .map((saved) => {
      const channel = new LoginChannel(endpointOf(saved.url), options.fetch)
      return new LoginSession(saved, shelf, channel)
    })
}
