import { writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { onTestFinished } from "vitest"
import { freshHome } from "./folder.js"
import { type Event, json, Running, stringphone } from "./program.js"

export const password = "correct horse battery staple"

/** A login server of its own home, that runs; its users have other homes. */
export interface LoginScene {
  readonly home: string
  readonly url: string
  readonly fingerprint: string
  readonly running: Running
  readonly started: Event
}

export async function loginScene(
  args: readonly string[] = [],
  realm = "lamp.example",
): Promise<LoginScene> {
  const home = freshHome()
  const made = await json(home, ["login", "init", "--realm", realm])
  const running = Running.start(home, ["login", "serve", "--listen", "127.0.0.1:0", ...args])
  const started = await running.next("started")
  const { words } = made["server"] as { words: string }
  return { home, url: String(started["url"]), fingerprint: words, running, started }
}

/** A new file with a password, or whatever else is no word of a command line. */
export function secretFile(content: string = password): string {
  const path = join(freshHome(), "secret")
  writeFileSync(path, `${content}\n`, { mode: 0o600 })
  return path
}

export async function invitation(
  { home, url }: LoginScene,
  args: readonly string[] = ["--login", "ann", "--scopes", "lamps"],
): Promise<string> {
  const { text: invited } = await json(home, ["login", "invite", "--url", url, ...args])
  return String(invited)
}

/** Registers ann. @returns her home */
export async function registered(
  scene: LoginScene,
  device = "laptop",
  args: readonly string[] = ["--login", "ann", "--scopes", "lamps"],
): Promise<string> {
  const home = freshHome()
  const file = secretFile(await invitation(scene, args))
  await json(home, ["login", "to", file, "--device", device, "--password-file", secretFile()])
  return home
}

/** Logs ann in on one more device. @returns its home */
export async function loggedIn(
  { fingerprint, url }: LoginScene,
  device: string,
  secret: string = password,
): Promise<string> {
  const home = freshHome()
  const args = ["--login", "ann", "--expect", fingerprint, "--device", device]
  await json(home, ["login", "to", url, ...args, "--password-file", secretFile(secret)])
  return home
}

/** What an API was asked, as it came. */
export interface Asked {
  readonly method: string
  readonly url: string
  readonly fields: IncomingMessage["headers"]
  readonly body: string
}

/** An API that knows nothing of logins, and what it was asked. */
export async function plainApi(
  answer: RequestListener = (_, response) => void response.end("on\n"),
): Promise<{ readonly url: string; readonly asked: readonly Asked[] }> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { headers: fields, method = "", url = "" } = request
      asked.push({ method, url, fields, body })
      answer(request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

/** A command that must fail. @returns what it said */
export async function failure(
  home: string,
  args: readonly string[],
  input = "",
): Promise<{ readonly code: number | null; readonly stderr: string; readonly stdout: string }> {
  const finished = await stringphone(home, args, input)
  if (finished.code === 0) throw new Error(`${args.join(" ")} did not fail: ${finished.stdout}`)
  return finished
}
