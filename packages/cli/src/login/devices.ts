import { UsageError } from "stringphone/bytes"
import type { Device } from "stringphone/session/login"
import type { Context } from "../context.js"
import { confirmed } from "../input.js"
import { reportKey } from "../person.js"
import { visible } from "../terminal/escape.js"
import { takeNewPassword, takePassword } from "./password.js"
import { scopesText, scopesValue } from "./scopes.js"
import { savedSessions, type SessionChoice, withSession } from "./sessions.js"

/** `login sessions`: where this key ring is logged in, as far as is known here. */
export async function printSessions(context: Context): Promise<void> {
  await context.withRing(async ({ store }) => {
    const all = (await savedSessions(store)).map(({ status }) => status)
    const blocks = all.map(({ device, login, realm, scopes, serverKey, url }) =>
      [
        `${visible(login)} at ${visible(realm)}`,
        `  address  ${visible(new URL(url).origin)}`,
        `  device   ${visible(device)}`,
        `  scopes   ${scopesValue(scopes)}`,
        `  server   ${reportKey(serverKey).words}`,
      ].join("\n"),
    )
    const none = `Logged in nowhere. ${context.command} login to http://…`
    context.print(all.length > 0 ? blocks.join("\n") : none, {
      sessions: all.map(({ serverKey, ...rest }) => ({ ...rest, server: reportKey(serverKey) })),
    })
  })
}

/** `login devices`: all of this user's, as the server says. */
export async function printDevices(context: Context, choice: SessionChoice): Promise<void> {
  await withSession(context, choice, async ({ session, status }) => {
    const devices = await session.devices()
    context.print(devices.map((one) => deviceText(one)).join("\n"), {
      realm: status.realm,
      login: status.login,
      devices,
    })
  })
}

export interface RevokeOptions extends SessionChoice {
  readonly others?: boolean
  readonly yes?: boolean
}

/** `login revoke`: ends sessions of other devices. */
export async function revokeDevice(
  context: Context,
  wanted: string | undefined,
  { others: isAll = false, yes = false, ...choice }: RevokeOptions,
): Promise<void> {
  if ((wanted === undefined) !== isAll) {
    throw new UsageError("bad-device", "Say which device, by its ID or name, or --others.")
  }
  await withSession(context, choice, async ({ session }) => {
    if (wanted === undefined) {
      if (!yes) await confirmed("Log out all other devices?")
      await session.revokeOthers()
      return context.print("All other devices are logged out.", { event: "revoked", others: true })
    }
    const device = findDevice(await session.devices(), wanted)
    if (device.isOwn) {
      throw new UsageError("own-device", `That is this device: ${context.command} login logout`)
    }
    await session.revoke(device.session)
    context.print(`${visible(device.device)} is logged out.`, {
      event: "revoked",
      session: device.session,
      device: device.device,
    })
  })
}

export interface PasswordOptions extends SessionChoice {
  readonly oldPasswordFile?: string
  readonly newPasswordFile?: string
  readonly endOthers?: true
}

/** `login password`: another one. */
export async function changePassword(
  context: Context,
  { endOthers, newPasswordFile, oldPasswordFile, ...choice }: PasswordOptions,
): Promise<void> {
  await withSession(context, choice, async ({ session, status }) => {
    const who = `${status.login} at ${status.realm}`
    const oldPassword = await takePassword(`Password of ${who}`, oldPasswordFile)
    const newPassword = await takeNewPassword("New password", newPasswordFile)
    context.progress("Computing what a guess of the password costs …")
    await session.changePassword({ oldPassword, newPassword, endsOthers: endOthers ?? false })
    const others = endOthers ? "All other devices are logged out." : "All devices stay logged in."
    context.print(`The password of ${visible(who)} is changed. ${others}`, {
      event: "password-changed",
      realm: status.realm,
      login: status.login,
      endedOthers: endOthers ?? false,
    })
  })
}

export interface LogoutOptions extends SessionChoice {
  readonly forget?: boolean
}

/** `login logout`. */
export async function logOut(
  context: Context,
  { forget: isLocal = false, ...choice }: LogoutOptions,
): Promise<void> {
  await withSession(context, choice, async ({ session, status }) => {
    await (isLocal ? session.forget() : session.logout())
    const who = `${visible(status.login)} at ${visible(status.realm)}`
    const text = isLocal
      ? `Forgot the session of ${who} here. At the server it goes on until it is revoked there.`
      : `Logged out: ${who}.`
    context.print(text, {
      event: isLocal ? "forgotten" : "logged-out",
      realm: status.realm,
      login: status.login,
    })
  })
}

/** By the first characters of its ID, or its name. */
function findDevice(devices: readonly Device[], wanted: string): Device {
  const found = devices.filter(
    ({ device, session }) =>
      device === wanted || (wanted.length >= 4 && session.startsWith(wanted)),
  )
  const [first] = found
  if (first && found.length === 1) return first
  throw new UsageError(
    "unknown-device",
    first
      ? `${wanted} may be several devices. Give the whole ID.`
      : `There is no device ${wanted} that is logged in. Look: stringphone login devices`,
  )
}

function deviceText({ createdAt, device, isOwn, scopes, seenAt, session }: Device): string {
  const since = createdAt.toISOString().slice(0, 10)
  const seen = seenAt ? `seen ${seenAt.toISOString().slice(0, 16)}Z` : "never called"
  const own = isOwn ? "  (this one)" : ""
  return `${visible(session)}  ${visible(device)}  since ${since}  ${seen}  ${scopesText(scopes)}${own}`
}
