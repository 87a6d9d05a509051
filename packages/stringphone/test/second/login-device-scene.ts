// A small device and its questions. Its sessions are made by our own client, and handed over in a file.
import { spawnSync } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { hex } from "../../src/bytes/index.js"
import { LoginShelf } from "../../src/session/login/client-shelf.js"
import { register } from "../../src/session/login/index.js"
import type { RequestInfo } from "../../src/session/login/server-index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { cheap, ClientScene, password } from "../login/session-client-scene.js"
import { Site } from "../login/session-client-site.js"
import { startPython } from "./python.js"

/** The device needs nothing but Python itself. */
export function requireBarePython(what: string): boolean {
  if (spawnSync("/usr/bin/python3", ["-c", ""]).status === 0) return true
  const advice = "There is no /usr/bin/python3: Debian and Ubuntu have it as python3."
  if (process.env["CI"] === "true") throw new Error(advice)
  console.log(`Skipped: ${what}. ${advice}`)
  return false
}

export interface DeviceAnswer {
  readonly status: number
  readonly fields: Readonly<Record<string, string>>
  readonly text: string
}

export interface DeviceCall {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export type Told = { readonly ok: unknown } | { readonly error: string }

/** One process of the device's program. */
export class Device {
  readonly #python = startPython<object, Told>("login_device_answers.py")

  ask(question: object): Promise<Told> {
    return this.#python.ask(question)
  }

  /** @returns the answer, or the code by which the device refuses it */
  async call(file: string, call: string, parts: DeviceCall = {}): Promise<DeviceAnswer | string> {
    const [method = "", target = ""] = call.split(" ")
    const { headers = {}, body = "" } = parts
    const bytes = Buffer.from(body).toString("hex")
    const told = await this.ask({ do: "call", file, method, target, headers, body: bytes })
    if ("error" in told) return told.error
    const answer = told.ok as { status: number; fields: Record<string, string>; body: string }
    const text = Buffer.from(answer.body, "hex").toString()
    return { status: answer.status, fields: answer.fields, text }
  }

  stop(): void {
    this.#python.stop()
  }
}

/** What a session's file has. */
export interface DeviceFile {
  readonly generation: number
  readonly root: string | null
  readonly serverKey: string
  readonly ephemeral?: string
}

/** A server on loopback, a man in the middle before it, and a session that the device has. */
export class DeviceScene {
  /** Changes requests. */
  onRequest: (request: Request) => Request | Promise<Request> = (request) => request
  /** Changes answers. */
  onAnswer: (answer: Response, request: Request) => Response | Promise<Response> = (one) => one
  /** All that came to the server, in order. */
  readonly requests: Request[] = []
  readonly server: ClientScene
  /** Who answers; another one in its place has another store. */
  answering: ClientScene
  readonly file: string
  readonly site: Site
  readonly #folder: string

  private constructor(server: ClientScene, folder: string, site: Site) {
    this.server = server
    this.answering = server
    this.#folder = folder
    this.file = join(folder, "session.json")
    this.site = site
  }

  static async open(): Promise<DeviceScene> {
    const server = await ClientScene.open()
    const folder = await mkdtemp(join(tmpdir(), "login-device-"))
    const site = await Site.open(() => (request, info) => scene.#pass(request, info))
    const scene = new DeviceScene(server, folder, site)
    await scene.handOver("alice", scene.file)
    return scene
  }

  /** Registers and logs in by our own client, and puts the session into a file. */
  async handOver(login: string, file: string): Promise<void> {
    const { site } = this
    const store = createMemoryStore()
    const { text } = await this.server.logins.invite({ login, scopes: ["lamps"], url: site.url })
    const device = "Kitchen clock"
    await register({ invitation: text, password, device, store, minimumPrice: cheap })
    const [saved] = await new LoginShelf(store).all()
    const { generation, root, session } = saved!.session!
    const { realm } = saved!
    const state = { url: site.url, realm, generation, session: hex(session), root: hex(root) }
    await writeFile(file, JSON.stringify({ ...state, serverKey: hex(saved!.serverKeys[0]!) }))
    this.requests.splice(0)
  }

  async saved(): Promise<DeviceFile> {
    return JSON.parse(await readFile(this.file, "utf8")) as DeviceFile
  }

  /** Nobody is in the way any more. */
  calm(): void {
    this.onRequest = (request) => request
    this.onAnswer = (answer) => answer
  }

  async close(): Promise<void> {
    await this.site.close()
    await rm(this.#folder, { recursive: true })
  }

  async #pass(request: Request, info?: RequestInfo): Promise<Response> {
    const changed = await this.onRequest(request)
    this.requests.push(changed.clone())
    const { pathname, search, host } = new URL(changed.url)
    const isMoved = changed.url !== request.url
    const where = isMoved ? { target: pathname + search, authority: host } : {}
    const { answering } = this
    const handler = answering.logins.handler((one) => answering.app(one))
    return this.onAnswer(await handler(changed.clone(), { ...info, ...where }), changed)
  }
}
