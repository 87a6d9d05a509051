import { base64url, PeerError, UsageError } from "../../bytes/index.js"
import { ClientRecord, opaqueReady } from "../../login/index.js"
import { Caller } from "./client-caller.js"
import type { LoginChannel } from "./client-channel.js"
import { logInOver, shown } from "./client-handshake.js"
import { knownOf, SessionKeeper, withAnother, withNewest } from "./client-keeper.js"
import { endDevice, putRecord } from "./client-management.js"
import { type LoginName, type LoginShelf, PassingShelf } from "./client-shelf.js"
import type { ChangePasswordOptions } from "./client-types.js"

/**
 * Another password, or the same at the price of now. It is done in a session of its own, which ends with it: that
 * of this device stays as it is. spec/login.md §8.3
 */
export async function replaceRecord(
  shelf: LoginShelf,
  channel: LoginChannel,
  name: LoginName,
  { endsOthers, minimumPrice, newPassword, oldPassword, onProgress }: ChangePasswordOptions,
): Promise<void> {
  const saved = (await shelf.load(name))?.saved
  if (!saved) throw new UsageError("logged-out", "This device does not know that server. Log in.")
  await opaqueReady()
  const client = new ClientRecord()
  const { device, login, price: floor, realm, serverKeys: pinnedKeys } = saved
  const loggedIn = await logInOver(channel, {
    ...{ login, realm, pinnedKeys, floor, minimumPrice, device, onProgress },
    knownSession: knownOf(saved) ?? undefined,
    password: oldPassword,
    scopes: [],
    register: client.request(newPassword),
  })
  const { recordTerms: terms, response, session } = loggedIn
  if (!response)
    throw new PeerError("malformed", "The server takes no other password. Ask its owner.")
  await shown(onProgress, "computing")
  const bounds = { floor, minimum: minimumPrice }
  const record = client.record(response, newPassword, login, terms, bounds)
  const passing = {
    ...saved,
    session: { ...loggedIn.exportGeneration(), pending: null },
    age: null,
  }
  const serverKeys = withNewest(pinnedKeys, terms.serverKey)
  const keeper = new SessionKeeper(name, new PassingShelf({ ...passing, serverKeys }), channel)
  const caller = new Caller(keeper, channel)
  onProgress?.("finishing")
  try {
    const own = (await shelf.load(name))?.saved.session
    const others = endsOthers ? { kept: own?.session ?? null } : null
    await putRecord(caller, channel.endpoint, record, others)
    await shelf.update(name, (now) => {
      const kept = now ?? saved
      return {
        ...kept,
        price: terms.price,
        serverKeys: withAnother(kept.serverKeys, terms.serverKey),
      }
    })
  } finally {
    // Nobody has its keys any more; without this it ends by itself.
    await endDevice(caller, channel.endpoint, base64url(session)).catch(() => undefined)
  }
}
