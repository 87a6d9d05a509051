import { base64url } from "../../bytes/index.js"
import { type LoggedIn, takeDeviceName, takeLogin, takeRealm } from "../../login/index.js"
import { LoginChannel } from "./client-channel.js"
import { endpointOf, endpointUrl } from "./client-endpoint.js"
import { logInOver } from "./client-handshake.js"
import { ageNow, withNewest } from "./client-keeper.js"
import { replaceRecord } from "./client-password.js"
import { checkExpected, confirmServer, type Pins, pinsOf } from "./client-pins.js"
import type { SavedLogin } from "./client-saved.js"
import { LoginSession } from "./client.js"
import { LoginShelf } from "./client-shelf.js"
import type { LoginOptions } from "./client-types.js"

/** The realm is one that this device knows, at another address. */
class KnownElsewhere extends Error {
  readonly realm: string

  constructor(realm: string) {
    super()
    this.realm = realm
  }
}

/**
 * Logs this device in: from then on it needs no password.
 *
 * @example
 * ```ts no-run
 * import { login } from "stringphone/session/login"
 * import { createMemoryStore } from "stringphone/store/memory"
 *
 * const session = await login({
 *   url: "http://192.168.4.1",
 *   login: "alice",
 *   password: "correct horse battery",
 *   device: "Alice's laptop",
 *   store: createMemoryStore(),
 * })
 * const lamps = await session.fetch("/lamps")
 * ```
 *
 * @throws {PeerError} `not-proven`: wrong password, unknown login, or somebody in the way; `other-server`,
 *   `other-realm`, `weak-price`, `price-too-high`: it is not the server that it was; `not-confirmed`; `denied`,
 *   `slow-down`
 * @throws {ChannelError} `unreachable`, `unauthenticated-answer`
 * @throws {UsageError} `bad-url`, `bad-login`, `bad-password`, `bad-realm`, `bad-petname`, `bad-scope`,
 *   `several-realms`: this device knows several servers at that address; give `realm`
 */
export async function login(options: LoginOptions): Promise<LoginSession> {
  const endpoint = endpointOf(options.url)
  const channel = new LoginChannel(endpoint, options.fetch)
  const shelf = new LoginShelf(options.store)
  const url = endpointUrl(endpoint)
  const name = takeLogin(options.login)
  const device = takeDeviceName(options.device)
  const realm = options.realm === undefined ? undefined : takeRealm(options.realm)
  const all = await shelf.all()
  const enterRealm = (one: string | undefined): Promise<LoggedIn> =>
    enter(channel, all, { ...options, url, login: name, device, realm: one })
  const loggedIn = await enterRealm(realm).catch((error: unknown) => {
    if (error instanceof KnownElsewhere) return enterRealm(error.realm)
    throw error
  })
  const former = (await shelf.load(loggedIn))?.saved.session?.session ?? null
  await shelf.update(loggedIn, (before) => savedOf(loggedIn, { url, device }, before))
  const session = new LoginSession(loggedIn, shelf, channel)
  if (former) await endFormer(session, former)
  if (loggedIn.isOutdated) await renewed(shelf, channel, loggedIn, options)
  return session
}

async function enter(
  channel: LoginChannel,
  all: readonly SavedLogin[],
  options: LoginOptions,
): Promise<LoggedIn> {
  const pins: Pins = pinsOf(all, options)
  return logInOver(channel, {
    ...options,
    ...pins,
    look: async (challenge) => {
      checkExpected(challenge, options.expects)
      const isElsewhere = all.some((one) => one.realm === challenge.realm)
      if (pins.realm === undefined && isElsewhere) throw new KnownElsewhere(challenge.realm)
      await confirmServer(challenge, pins, options.confirm)
    },
  })
}

/** What a device keeps from its login on. */
function savedOf(
  loggedIn: LoggedIn,
  { device, url }: Pick<SavedLogin, "device" | "url">,
  before: SavedLogin | null,
): SavedLogin {
  const { challengeKey, login, price, realm, scopes, serverCard } = loggedIn
  const keys = withNewest(before?.serverKeys ?? [], challengeKey)
  return {
    url,
    realm,
    login,
    device,
    serverKeys: withNewest(keys, serverCard.publicKey), // [LOGIN-3-4]
    price,
    scopes,
    session: { ...loggedIn.exportGeneration(), pending: null },
    age: ageNow(loggedIn),
    known: null,
  }
}

/** Nobody has its keys any more: it would be listed beside the new one until its time is over. */
async function endFormer(session: LoginSession, former: Uint8Array): Promise<void> {
  try {
    await session.revoke(base64url(former))
  } catch {
    // The login is as good without it.
  }
}

/** The record has not the price or key of now. If it can not be replaced now, it is at the next login. [LOGIN-8-3] */
async function renewed(
  shelf: LoginShelf,
  channel: LoginChannel,
  name: LoggedIn,
  { minimumPrice, onProgress, password }: LoginOptions,
): Promise<void> {
  try {
    const passwords = { oldPassword: password, newPassword: password }
    await replaceRecord(shelf, channel, name, { ...passwords, minimumPrice, onProgress })
  } catch {
    // The login is as good as before.
  }
}
