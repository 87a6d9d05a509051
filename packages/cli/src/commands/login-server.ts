import { type Command, Option } from "commander"
import { UsageError } from "stringphone/bytes"
import type { InviteOptions } from "../login/invite.js"
import type { ServeOptions } from "../login/serve.js"
import type { FolderOptions } from "../login/server-place.js"
import { collect, examples, run } from "./shape.js"

/** What the owner of a login server does. */
export function addLoginServerCommands(login: Command): void {
  addInit(login)
  addServe(login)
  addInvite(login)
  addUsers(login)
}

function addInit(login: Command): void {
  const init = inFolder(
    login
      .command("init")
      .description("make a login server: an identity of its own, and no users")
      .requiredOption("--realm <realm>", "what it is called wherever it moves, as lamp.example"),
  ).action(
    run(async (context, options: FolderOptions & { readonly realm: string }) => {
      const { initServer } = await import("../login/own-server.js")
      await initServer(context, options)
    }),
  )
  examples(init, [
    "login init --realm lamp.example",
    "login init --realm lamp.example --folder /var/lib/lamp-logins",
  ])

  const server = inFolder(
    login.command("server").description("what your login server is called, and its fingerprint"),
  ).action(
    run(async (context, options: FolderOptions) => {
      const { printServer } = await import("../login/own-server.js")
      await printServer(context, options)
    }),
  )
  examples(server, ["login server", "login server --folder /var/lib/lamp-logins --json"])
}

function addServe(login: Command): void {
  const serve = inFolder(
    login
      .command("serve")
      .description("answer logins, and hand proven calls on to an API; all others are refused"),
  )
    .option("--listen <host:port>", "where to listen", "127.0.0.1:8484")
    .option("--forward <url>", "the API (default: none; calls are told who they are of)")
    .option("--scope <name>", "calls need this scope (repeatable)", collect)
    .addOption(
      new Option("--mode <mode>", "only calls of this kind (default: both)").choices([
        "signed",
        "sealed",
      ]),
    )
    .option("--authority <host:port>", "only calls to this host (repeatable)", collect)
    .option("--origin <origin>", "pages of this origin may log in and call (repeatable)", collect)
    .action(
      run(async (context, options: ServeOptions) => {
        const { serveLogins } = await import("../login/serve.js")
        await serveLogins(context, options)
      }),
    )
  examples(serve, [
    "login serve",
    "login serve --listen 0.0.0.0:8484 --forward http://127.0.0.1:8080 --scope lamps",
    "login serve --mode sealed --json",
    "login serve --origin http://page.example:8080",
  ])
}

function addInvite(login: Command): void {
  const invite = inFolder(
    login
      .command("invite")
      .description("make what one person needs to register: a text and a QR code, or a file")
      .requiredOption("--url <url>", "where they reach this server"),
  )
    .option("--login <login>", "their login (default: they choose)")
    .option("--scopes <scopes>", "what they may, as a,b (default: nothing)")
    .option("--days <days>", "how long it may be used (default: 7)", parseDays)
    .option("--file <file>", "write it to this new file")
    .option("--no-qr", "no QR code on the terminal")
    .action(
      run(async (context, options: InviteOptions) => {
        const { inviteUser } = await import("../login/invite.js")
        await inviteUser(context, options)
      }),
    )
  examples(invite, [
    "login invite --url http://192.168.4.1:8484 --login ann --scopes lamps,heating",
    "login invite --url http://192.168.4.1:8484 --file for-bob.txt --days 1",
  ])
}

function addUsers(login: Command): void {
  const users = inFolder(
    login.command("users").description("who is registered at your server"),
  ).action(
    run(async (context, options: FolderOptions) => {
      const { printUsers } = await import("../login/users.js")
      await printUsers(context, options)
    }),
  )
  examples(users, ["login users", "login users --json"])

  const user = login.command("user").description("one user of your server")
  examples(user, ["login user devices ann", "login user set-scopes ann lamps,heating"])

  const setScopes = inFolder(
    user
      .command("set-scopes <login> <scopes>")
      .description("what they may from now on, as a,b; '' is nothing"),
  ).action(
    run(async (context, name: string, scopes: string, options: FolderOptions) => {
      const { setUserScopes } = await import("../login/users.js")
      await setUserScopes(context, name, scopes, options)
    }),
  )
  examples(setScopes, ["login user set-scopes ann lamps,heating", "login user set-scopes ann ''"])

  const devices = inFolder(
    user.command("devices <login>").description("where they are logged in"),
  ).action(
    run(async (context, name: string, options: FolderOptions) => {
      const { printUserDevices } = await import("../login/users.js")
      await printUserDevices(context, name, options)
    }),
  )
  examples(devices, ["login user devices ann"])

  const revoke = inFolder(
    user.command("revoke <login> [session]").description("end one of their sessions, or all"),
  ).action(
    run(async (context, name: string, session: string | undefined, options: FolderOptions) => {
      const { revokeUser } = await import("../login/users.js")
      await revokeUser(context, name, session, options)
    }),
  )
  examples(revoke, ["login user revoke ann", "login user revoke ann 3fA9xQ0mTzq1v8Yd2hKfLw"])

  const remove = inFolder(
    user.command("remove <login>").description("delete a user; all of their sessions end"),
  )
    .option("--yes", "do not ask")
    .action(
      run(async (context, name: string, options: FolderOptions & { readonly yes?: true }) => {
        const { removeUser } = await import("../login/users.js")
        await removeUser(context, name, options)
      }),
    )
  examples(remove, ["login user remove ann", "login user remove ann --yes"])
}

function inFolder(command: Command): Command {
  return command.option(
    "--folder <folder>",
    "where the server is kept (default: login-server beside the key rings)",
  )
}

/** @throws {UsageError} `bad-days` */
function parseDays(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw new UsageError("bad-days", "Give a number of days, 1 or more.")
}
