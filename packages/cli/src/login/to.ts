import { readFile } from "node:fs/promises"
import { PeerError, UsageError } from "stringphone/bytes"
import { readInvitationText, takeLogin } from "stringphone/login"
import {
  login as logIn,
  type LoginProgress,
  type LoginSession,
  type OfferedServer,
  register,
  type SessionStatus,
} from "stringphone/session/login"
import type { Context } from "../context.js"
import { confirmed, readLine } from "../input.js"
import { fingerprintForm, matchingForm, reportKey } from "../person.js"
import { askLine } from "../terminal/ask.js"
import { visible } from "../terminal/escape.js"
import { patientFetch } from "./patient-fetch.js"
import { takeNewPassword, takePassword } from "./password.js"
import { parseScopes, scopesValue } from "./scopes.js"

export interface LogInOptions {
  readonly login?: string
  readonly passwordFile?: string
  readonly device?: string
  readonly scopes?: string
  readonly realm?: string
  readonly expect?: string
}

/** `login to`: registers first when it is an invitation. */
export async function logInTo(
  context: Context,
  target: string,
  options: LogInOptions,
): Promise<void> {
  if (options.expect !== undefined) fingerprintForm(options.expect)
  const invitation = await invitationIn(target)
  const isAddress = invitation !== null || /^https?:\/\//i.test(target)
  if (!isAddress) {
    throw new UsageError(
      "bad-url",
      `"${target}" is no command, no address such as http://lamp.local, and no file with an invitation.${addressHint(context, target)}`,
    )
  }
  await context.withRing(async ({ store }) => {
    const common = {
      store,
      fetch: patientFetch(),
      device: options.device ?? context.ownName,
      onProgress: progressTeller(context),
      ...(options.scopes !== undefined && { scopes: parseScopes(options.scopes) }),
    }
    const session = invitation
      ? await registerBy(context, invitation, common, options)
      : await logInAt(target, common, options)
    printLoggedIn(context, await session.status(), invitation ? "registered" : "logged-in")
  })
}

type Common = Pick<
  Parameters<typeof logIn>[0],
  "store" | "fetch" | "device" | "onProgress" | "scopes"
>

async function logInAt(
  url: string,
  common: Common,
  { expect, login: name, passwordFile, realm }: LogInOptions,
): Promise<LoginSession> {
  assertAddress(url)
  const login = takeLogin(name ?? (await askLogin()))
  const password = await takePassword(`Password of ${login}`, passwordFile)
  const expects = (serverKey: Uint8Array): true => requireExpected(serverKey, expect)
  const options = {
    ...common,
    url,
    login,
    password,
    expects,
    ...(realm !== undefined && { realm }),
  }
  const confirmedServers: OfferedServer[] = []
  const confirm = async (server: OfferedServer): Promise<boolean> => {
    const isConfirmed = expect !== undefined || (await confirmServer(server))
    if (isConfirmed) confirmedServers.push(server)
    return isConfirmed
  }
  try {
    return await logIn({ ...options, confirm })
  } catch (error) {
    // Whoever compared for a while was too late: a login ends after a minute. The next one is with that server alone.
    const isLate = error instanceof PeerError && error.code === "denied"
    const [server] = confirmedServers
    if (!isLate || !server) throw error
    return logIn({ ...options, ...server })
  }
}

async function registerBy(
  context: Context,
  text: string,
  common: Common,
  { expect, login: chosen, passwordFile, realm }: LogInOptions,
): Promise<LoginSession> {
  const invitation = readInvitationText(text)
  if (realm !== undefined && realm !== invitation.realm) {
    throw new UsageError("other-realm", `The invitation is of ${invitation.realm}, not ${realm}.`)
  }
  requireExpected(invitation.serverKey, expect)
  const given = invitation.login || undefined
  const login = takeLogin(chosen ?? given ?? (await askLogin()))
  if (given !== undefined && login !== given) {
    throw new UsageError("other-login", `The invitation is for ${given}. Leave out --login.`)
  }
  tellServer(context, invitation)
  const password = await takeNewPassword(`New password of ${login}`, passwordFile)
  const options = { ...common, invitation: text, password, ...(!given && { login }) }
  try {
    return await register({ ...options, replacesServer: expect !== undefined })
  } catch (error) {
    if (error instanceof PeerError && error.code === "denied") {
      throw new PeerError(
        "denied",
        `The server does not take this invitation: it was used, has expired, or ${login} is there already. Ask for another; or, if it was you, ${context.command} login to ${new URL(invitation.url).origin} --login ${login}`,
        { cause: error },
      )
    }
    const isOther = error instanceof PeerError && error.code === "other-server"
    if (!isOther || expect !== undefined) throw error
    const way =
      "If the owner made a new server, give its fingerprint with --expect; sessions at the old one end here."
    throw new PeerError(error.code, `${error.message} ${way}`, { cause: error })
  }
}

const looksLikeHost =
  /^(?:localhost|\d+(?:\.\d+){3}|\[[\da-f:.]+\]|[\w.-]+\.local|[\w.-]+(?=:\d))(?::\d{1,5})?\/?$/i

/** Browsers need no `http://`. */
function addressHint({ command }: Context, target: string): string {
  return looksLikeHost.test(target)
    ? ` An address begins with http://, so: ${command} login to http://${target}`
    : ""
}

/** Before a password is asked for in vain. @throws {UsageError} `bad-url` */
function assertAddress(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url && !url.username && !url.password && !url.search && !url.hash) return
  throw new UsageError(
    "bad-url",
    "The address of a server is as http://lamp.local, without user, query and fragment.",
  )
}

/** A first contact: whoever is in the way could be this server, and a person decides. */
async function confirmServer(server: OfferedServer): Promise<boolean> {
  const { digits, words } = reportKey(server.serverKey)
  process.stderr.write(
    [
      `This is the first contact with ${visible(server.realm)}. It says that it is:`,
      "",
      `  words   ${words}`,
      `  digits  ${digits}`,
      "",
      "Compare with what its owner sees: by stringphone login server, or where npm start runs by the key d.",
      "Nothing of the password was sent.",
      "",
    ].join("\n"),
  )
  const question = "Is it the same?"
  if (!process.stdin.isTTY) await confirmed(question)
  else if ((await askLine(`${question} y/n: `))?.trim().toLowerCase() !== "y") return false
  return true
}

/** @throws {PeerError} `other-server` */
function requireExpected(serverKey: Uint8Array, expect: string | undefined): true {
  if (expect === undefined || matchingForm(serverKey, expect) !== null) return true
  const { words } = reportKey(serverKey)
  throw new PeerError(
    "other-server",
    `This is another server than the one you expect: ${words}. Nothing of the password was sent, and what is saved stays; check the address, or try another network.`,
  )
}

/** In the terminal, questions must leave nothing behind that reads along when a password is typed. */
async function askLogin(): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new UsageError("bad-login", "Say who you are there: --login ann")
  }
  const login = (await askLine("Login: "))?.trim() ?? ""
  if (login !== "") return login
  throw new UsageError("not-answered", "Nothing was typed. Nothing was changed.")
}

const isInvitation = /^stringphone:login\//i

/** From a file, or of whom is asked. */
async function invitationIn(target: string): Promise<string | null> {
  refuseSecretWord(target)
  const text = target === "-" ? await readLine("Invitation:") : await textOf(target)
  if (text !== null && isInvitation.test(text)) return text
  if (target !== "-") return null
  throw new UsageError("bad-invitation", "An invitation begins with stringphone:login/.")
}

/** All users of a computer see the words of a command, and a shell keeps them. @throws {UsageError} `bad-invitation` */
function refuseSecretWord(target: string): void {
  if (!isInvitation.test(target.trim())) return
  throw new UsageError(
    "bad-invitation",
    "An invitation is secret until it is used, and others see the words of a command in the list of processes. Put it into a file and name that, or be asked for it: stringphone login to -",
  )
}

/** What an editor or a message broke into lines is one again. */
async function textOf(path: string): Promise<string | null> {
  if (/^https?:/i.test(path)) return null
  const text = await readFile(path, "utf8").catch(() => null)
  return text === null ? null : text.replace(/\s+/g, "")
}

/** Whoever registers computes twice, and is told once. */
function progressTeller(context: Context): (step: LoginProgress) => void {
  let isTold = false
  return (step) => {
    if (step !== "computing" || isTold) return
    isTold = true
    context.progress("Computing what a guess of the password costs …")
  }
}

function tellServer(
  context: Context,
  { realm, serverKey }: { readonly realm: string; readonly serverKey: Uint8Array },
): void {
  const { words } = reportKey(serverKey)
  context.progress(`The invitation is of ${visible(realm)}. Server: ${words}`)
}

function printLoggedIn(
  context: Context,
  { device, login, realm, scopes, serverKey, session, url }: SessionStatus,
  event: "registered" | "logged-in",
): void {
  const server = reportKey(serverKey)
  const text = [
    `${event === "registered" ? "Registered, and logged" : "Logged"} in at ${visible(realm)} as ${visible(login)}.`,
    `Device    ${visible(device)}`,
    `Scopes    ${scopesValue(scopes)}`,
    `Server    ${context.paint.bold(server.words)}`,
  ]
  context.print(text.join("\n"), { event, realm, login, device, scopes, session, url, server })
}
