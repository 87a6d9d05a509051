import { ChannelError, PeerError } from "../../bytes/index.js"
import { randomBytes } from "../../crypto/index.js"
import {
  ClientRegistration,
  opaqueReady,
  readInvitationText,
  takeDeviceName,
} from "../../login/index.js"
import { LoginChannel } from "./client-channel.js"
import { endpointOf, endpointUrl } from "./client-endpoint.js"
import { ask, shown } from "./client-handshake.js"
import { withNewest } from "./client-keeper.js"
import { login } from "./client-login.js"
import { believed } from "./client-errors.js"
import { isOtherServer, savedOfRealm } from "./client-pins.js"
import type { SavedLogin } from "./client-saved.js"
import type { LoginSession } from "./client.js"
import { LoginShelf } from "./client-shelf.js"
import type { RegisterOptions } from "./client-types.js"

const mostTries = 3

/**
 * Registers by an invitation, and logs this device in. The server is known from the invitation on.
 *
 * @throws {PeerError} `login-taken`; `denied`: the invitation was used, has ended, or is none of that server;
 *   `other-server`: this store knows the realm by other keys, see `replacesServer`; and as {@link login} does
 * @throws {ChannelError} `unreachable`, `unauthenticated-answer`: try it again, and then to log in
 * @throws {UsageError} `bad-invitation`, `bad-login`, `bad-password`, `bad-petname`
 */
export async function register(options: RegisterOptions): Promise<LoginSession> {
  const { minimumPrice, onProgress, password } = options
  const device = takeDeviceName(options.device)
  const invitation = readInvitationText(options.invitation)
  const { realm, serverKey, url } = invitation
  const endpoint = endpointOf(url)
  const channel = new LoginChannel(endpoint, options.fetch)
  const shelf = new LoginShelf(options.store)
  const isOther = isOtherServer(await shelf.all(), invitation)
  if (isOther && !options.replacesServer) {
    throw new PeerError(
      "other-server",
      `This invitation is not of the server of ${realm} that you know: its key is another. Nothing was sent; ask its owner.`,
    )
  }
  await opaqueReady()
  const client = new ClientRegistration({ invitation, login: options.login, minimumPrice })
  onProgress?.("asking")
  const start = client.start(password, { random: randomBytes })
  const registering = await persistently(() => ask(channel, start, [serverKey]))
  await shown(onProgress, "computing")
  const record = client.record(registering, password)
  onProgress?.("finishing")
  const registered = await persistently(async () => {
    const answer = await ask(channel, record, [serverKey])
    return believed(() => client.finish(answer))
  })
  if (isOther)
    await replaceServer(shelf, realm, { serverKeys: [serverKey], price: registered.price })
  await shelf.update(registered, (before) => ({
    url: endpointUrl(endpoint),
    realm,
    login: registered.login,
    device,
    serverKeys: withNewest(before?.serverKeys ?? [], serverKey),
    price: registered.price,
    scopes: [],
    session: null,
    age: null,
    known: null,
  }))
  return login({ ...options, url, login: registered.login, realm })
}

/** Nothing of the old server is left that a login would believe. [LOGIN-8-2] */
async function replaceServer(
  shelf: LoginShelf,
  realm: string,
  ofNew: Pick<SavedLogin, "serverKeys" | "price">,
): Promise<void> {
  for (const one of savedOfRealm(await shelf.all(), realm)) {
    await shelf.update(one, (now) => ({ ...(now ?? one), ...ofNew, session: null, known: null }))
  }
}

/** These messages may come again: the server answers the same. [LOGIN-8-2] */
async function persistently<T>(send: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await send()
    } catch (error) {
      if (!(error instanceof ChannelError) || tries === mostTries) throw error
    }
  }
}
