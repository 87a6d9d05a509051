import { type Command } from "commander"
import type { CallOptions } from "../login/call.js"
import type { LogoutOptions, PasswordOptions, RevokeOptions } from "../login/devices.js"
import type { SessionChoice } from "../login/sessions.js"
import type { LogInOptions } from "../login/to.js"
import { parseSeconds } from "../seconds.js"
import { addLoginServerCommands } from "./login-server.js"
import { collect, examples, run } from "./shape.js"

/** Each command loads what it needs when it runs. */
export function addLoginCommand(parent: Command): void {
  const login = parent
    .command("login")
    .description("password logins and protected calls over plain HTTP, without TLS")
  addTo(login)
  addCall(login)
  addDevices(login)
  addAccount(login)
  addLoginServerCommands(login)
  examples(login, [
    "login http://192.168.4.1 --login ann",
    "login call GET http://192.168.4.1/lamps",
    "login devices",
    "login init --realm lamp.example",
    "login serve --forward http://127.0.0.1:8080",
    "login invite --login ann --scopes lamps --url http://192.168.4.1:8484",
  ])
}

function addTo(login: Command): void {
  const to = login
    .command("to <target>", { isDefault: true })
    .description(
      "log this device in at an address, or register by an invitation: a file with it, or - to be asked",
    )
    .option("--login <login>", "who you are there")
    .option("--password-file <file>", "take the password from a file's first line")
    .option("--device <name>", "what the list of devices shows (default: the profile or computer)")
    .option("--scopes <scopes>", "ask for these alone, as a,b (default: all that you may have)")
    .option("--realm <realm>", "it must be this one")
    .option(
      "--expect <fingerprint>",
      "the server must have this one: words, digits or hex; with an invitation, also if it is a new server",
    )
    .action(
      run(async (context, target: string, options: LogInOptions) => {
        const { logInTo } = await import("../login/to.js")
        await logInTo(context, target, options)
      }),
    )
  examples(to, [
    "login to http://192.168.4.1 --login ann",
    "login http://192.168.4.1 --login ann   (the same)",
    'login to invitation.txt --device "Ann\'s laptop"',
    "login to -   (asks for the invitation)",
    "login to http://lamp.local --login ann --password-file ~/.secrets/lamp --expect '8 words'",
  ])
}

function addCall(login: Command): void {
  const call = choosing(
    login
      .command("call <method> <url>")
      .description("call an API: sealed, so nobody on the way sees or changes anything of it"),
  )
    .option("--data <text>", "send this (as JSON when it is an object or a list)")
    .option("--data-file <file>", "send what is in this file; - is stdin")
    .option("--header <field>", "as 'Accept: text/plain' (repeatable)", collect)
    .option("--signed", "in the open: everybody sees it, and nobody can change or repeat it")
    .option("--wait <seconds>", "how long to wait for the answer", parseSeconds, 60)
    .action(
      run(async (context, method: string, url: string, options: CallOptions) => {
        const { callApi } = await import("../login/call.js")
        await callApi(context, method, url, options)
      }),
    )
  examples(call, [
    "login call GET http://192.168.4.1/lamps",
    "login call GET /lamps   (of the only session)",
    "login call PUT /lamps/3 --data '{\"on\":true}' --signed",
    "login call POST /firmware --data-file image.bin --header 'Content-Type: application/octet-stream'",
  ])
}

function addDevices(login: Command): void {
  const sessions = login
    .command("sessions")
    .description("where this key ring is logged in")
    .action(
      run(async (context) => {
        const { printSessions } = await import("../login/devices.js")
        await printSessions(context)
      }),
    )
  examples(sessions, ["login sessions", "login sessions --json"])

  const devices = choosing(
    login.command("devices").description("all devices of yours that are logged in there"),
  ).action(
    run(async (context, choice: SessionChoice) => {
      const { printDevices } = await import("../login/devices.js")
      await printDevices(context, choice)
    }),
  )
  examples(devices, ["login devices", "login devices --at lamp.example --json"])

  const revoke = choosing(
    login
      .command("revoke [device]")
      .description("log another device of yours out, by its name or the first of its ID"),
  )
    .option("--others", "all but this one")
    .option("--yes", "do not ask")
    .action(
      run(async (context, device: string | undefined, options: RevokeOptions) => {
        const { revokeDevice } = await import("../login/devices.js")
        await revokeDevice(context, device, options)
      }),
    )
  examples(revoke, ["login revoke 'old phone'", "login revoke 3fA9x", "login revoke --others"])
}

function addAccount(login: Command): void {
  const password = choosing(login.command("password").description("change your password"))
    .option("--old-password-file <file>", "take the old one from a file's first line")
    .option("--new-password-file <file>", "take the new one from a file's first line")
    .option("--end-others", "log all other devices out")
    .action(
      run(async (context, options: PasswordOptions) => {
        const { changePassword } = await import("../login/devices.js")
        await changePassword(context, options)
      }),
    )
  examples(password, ["login password", "login password --at lamp.example --end-others"])

  const moved = choosing(
    login
      .command("moved <url>")
      .description("the server is at another address: ask it to prove that, and keep the address"),
  ).action(
    run(async (context, url: string, choice: SessionChoice) => {
      const { moveSessions } = await import("../login/moved.js")
      await moveSessions(context, url, choice)
    }),
  )
  examples(moved, [
    "login moved http://192.168.4.2:8484",
    "login moved http://192.168.4.2:8484 --at lamp.example",
  ])

  const logout = choosing(login.command("logout").description("log this device out"))
    .option("--forget", "here alone, when the server does not answer")
    .action(
      run(async (context, options: LogoutOptions) => {
        const { logOut } = await import("../login/devices.js")
        await logOut(context, options)
      }),
    )
  examples(logout, ["login logout", "login logout --at lamp.example --login ann"])

  const doctor = choosing(
    login
      .command("doctor")
      .description("check what a login needs, and say what to do; 1 when something fails"),
  ).action(
    run(async (context, choice: SessionChoice) => {
      const { examineLogin } = await import("../login/doctor.js")
      await examineLogin(context, choice)
    }),
  )
  examples(doctor, ["login doctor", "login doctor --at http://192.168.4.1 --json"])
}

function choosing(command: Command): Command {
  return command
    .option("--at <realm>", "of the session there: a realm, or an address of its server")
    .option("--login <login>", "of this login's session")
}
