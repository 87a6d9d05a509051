import { UsageError } from "stringphone/bytes"
import { takeLogin } from "stringphone/login"
import type { LoginDevice, LoginServer, LoginUser } from "stringphone/session/login/server"
import type { Context } from "../context.js"
import { confirmed } from "../input.js"
import { visible } from "../terminal/escape.js"
import { parseScopes, scopesText } from "./scopes.js"
import { type FolderOptions, loginFolder, withLoginPlace } from "./server-place.js"

/** `login users`. */
export async function printUsers(context: Context, { folder }: FolderOptions): Promise<void> {
  await withLoginPlace(context, loginFolder(folder), async ({ server }) => {
    const users = await server.users()
    const none = `Nobody yet. Invite somebody: ${context.command} login invite --url http://…`
    const text = users.map((one) => userText(one)).join("\n")
    context.print(users.length > 0 ? text : none, { users })
  })
}

/** `login user set-scopes`. */
export async function setUserScopes(
  context: Context,
  login: string,
  scopes: string,
  { folder }: FolderOptions,
): Promise<void> {
  await withLoginPlace(context, loginFolder(folder), async ({ server }) => {
    const now = await server.setScopes(login, parseScopes(scopes))
    context.print(
      `${visible(login)} may now: ${scopesText(now)}. What is taken away is gone at the next call; what is new comes with the next login.`,
      { event: "scopes", login, scopes: now },
    )
  })
}

/** `login user devices`. */
export async function printUserDevices(
  context: Context,
  login: string,
  { folder }: FolderOptions,
): Promise<void> {
  await withLoginPlace(context, loginFolder(folder), async ({ server }) => {
    await assertUser(context, server, login)
    const devices = await server.devices(login)
    const text = devices.map((one) => deviceText(one)).join("\n")
    const none = `${visible(login)} is logged in nowhere.`
    context.print(devices.length > 0 ? text : none, { login, devices })
  })
}

/** `login user revoke`: one session, or all. */
export async function revokeUser(
  context: Context,
  login: string,
  session: string | undefined,
  { folder }: FolderOptions,
): Promise<void> {
  await withLoginPlace(context, loginFolder(folder), async ({ server }) => {
    if (session === undefined) {
      await server.revokeAll(login)
      context.print(`All sessions of ${visible(login)} have ended.`, { event: "revoked", login })
      return
    }
    const isOwn = (await server.devices(login)).some((one) => one.session === session)
    if (!isOwn || !(await server.revoke(session))) {
      throw new UsageError(
        "unknown-session",
        `${login} has no such session. Look: ${context.command} login user devices ${login}`,
      )
    }
    context.print("That session has ended.", { event: "revoked", login, session })
  })
}

/** `login user remove`. */
export async function removeUser(
  context: Context,
  login: string,
  { folder, yes = false }: FolderOptions & { readonly yes?: boolean },
): Promise<void> {
  await withLoginPlace(context, loginFolder(folder), async ({ server }) => {
    await assertUser(context, server, login)
    if (!yes) await confirmed(`Remove ${visible(login)}? All of their sessions end.`)
    await server.removeUser(login)
    context.print(`${visible(login)} is removed.`, { event: "removed", login })
  })
}

/** @throws {UsageError} `unknown-user` */
async function assertUser(context: Context, server: LoginServer, name: string): Promise<void> {
  const login = takeLogin(name)
  if ((await server.users()).some((one) => one.login === login)) return
  throw new UsageError(
    "unknown-user",
    `There is no user ${login}. Look: ${context.command} login users`,
  )
}

function userText({ createdAt, login, scopes }: LoginUser): string {
  return `${visible(login)}  since ${createdAt.toISOString().slice(0, 10)}  ${scopesText(scopes)}`
}

function deviceText({ createdAt, device, scopes, seenAt, session }: LoginDevice): string {
  const since = createdAt.toISOString().slice(0, 10)
  const seen = seenAt ? `seen ${seenAt.toISOString().slice(0, 16)}Z` : "never called"
  return `${session}  ${visible(device)}  since ${since}  ${seen}  ${scopesText(scopes)}`
}
