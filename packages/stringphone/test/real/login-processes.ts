// Login servers in processes of their own behind one address, on one database, and clients that reach them by plain
// HTTP: whatever is sent goes to one of them, to the other, or to both at once.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, writeFileSync } from "node:fs"
import { type IncomingMessage, request as requestHttp } from "node:http"
import { createRequire } from "node:module"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { Client } from "pg"
import type { Price } from "../../src/login/index.js"
import type { Fetch } from "../../src/session/login/index.js"
import type { LoginServerEvent } from "../../src/session/login/server-index.js"

/** Cheap enough for tests. */
export const cheap: Price = { passes: 1, kib: 8, lanes: 1 }
export const realm = "lamp.example"
export const url = "http://lamp.example"
/** What all of the servers are. */
export const seed = new Uint8Array(32).fill(7)

const dist = new URL("../../dist/", import.meta.url)

/** Serves logins, and an API that writes into the database what it did. Ends with its parent. */
const serving = `
import { createServer } from "node:http"
import pg from "${createRequire(import.meta.url).resolve("pg")}"
import { Identity } from "${dist.href}identity/index.js"
import { nodeListener } from "${dist.href}session/login/node.js"
import { openLoginServer, protect } from "${dist.href}session/login/server-index.js"
import { openPostgresStore } from "${dist.href}store/postgres.js"

const { url, schema, price, realm, seed } = JSON.parse(process.argv[2])
const tell = (line) => process.stdout.write(JSON.stringify(line) + "\\n")
const pool = new pg.Pool({ connectionString: url })
const logins = await openLoginServer({
  store: await openPostgresStore({ url, schema }),
  identity: new Identity(Uint8Array.from(seed)),
  realm,
  lanes: "store",
  price,
  minimumPrice: price,
  onEvent: ({ error, ...event }) => tell(error ? { ...event, error: String(error) } : event),
})
const count = protect(async (request) => {
  const text = await request.text()
  await pool.query("INSERT INTO acted VALUES ($1, $2)", [schema, text])
  return new Response(text)
})
const server = createServer(nodeListener(logins.handler(count)))
server.listen(0, "127.0.0.1", () => tell({ kind: "listening", port: server.address().port }))
process.stdin.on("end", () => process.exit()).resume()
`

export interface DatabaseOptions {
  readonly url: string
  readonly schema: string
}

type Told = LoginServerEvent | { readonly kind: "listening"; readonly port: number }

export class LoginProcess {
  readonly events: LoginServerEvent[] = []
  readonly #kill: () => Promise<unknown>
  readonly port: Promise<number>

  /** @param directory where to put the script */
  constructor(directory: string, options: DatabaseOptions) {
    if (!existsSync(fileURLToPath(new URL("session/login/server-index.js", dist)))) {
      throw new Error("The library is not built; run: npx tsc -b packages/stringphone")
    }
    const script = join(directory, "serving.mjs")
    if (!existsSync(script)) writeFileSync(script, serving)
    const config = JSON.stringify({ ...options, price: cheap, realm, seed: [...seed] })
    const child = spawn(process.execPath, [script, config], {
      stdio: ["pipe", "pipe", "inherit"],
    })
    const ended = once(child, "close")
    this.#kill = () => {
      child.kill("SIGKILL")
      return ended
    }
    this.port = new Promise((resolve, reject) => {
      createInterface(child.stdout).on("line", (line) => {
        const told = JSON.parse(line) as Told
        if (told.kind === "listening") resolve(told.port)
        else this.events.push(told)
      })
      void ended.then(() => reject(new Error("The server ended.")))
    })
    this.port.catch(() => undefined)
  }

  async kill(): Promise<void> {
    await this.#kill()
  }
}

/** A request as it went over the wire. */
export interface Sent {
  readonly target: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** Of a message of the protocol; 0: it is none. */
  readonly type: number
}

/** Two of them, at one address. */
export class LoginPair {
  readonly sent: Sent[] = []
  /** What the others said, where one request went to both. */
  readonly otherAnswers: Response[] = []
  readonly #directory: string
  readonly #options: DatabaseOptions
  readonly #processes: LoginProcess[]
  readonly #former: LoginProcess[] = []
  readonly #database: Client
  #turn = 0

  private constructor(directory: string, options: DatabaseOptions, database: Client) {
    this.#directory = directory
    this.#options = options
    this.#database = database
    this.#processes = [0, 1].map(() => new LoginProcess(directory, options))
  }

  static async start(directory: string, options: DatabaseOptions): Promise<LoginPair> {
    const database = new Client({ connectionString: options.url })
    await database.connect()
    await database.query("CREATE TABLE IF NOT EXISTS acted (pair text, call text)")
    const pair = new LoginPair(directory, options, database)
    await Promise.all(pair.#processes.map(({ port }) => port))
    return pair
  }

  async stop(): Promise<void> {
    for (const one of this.#processes) await one.kill()
    await this.#database.end()
  }

  /** In the middle of whatever it does. @param which 0 or 1 */
  async killAndRestart(which: number): Promise<void> {
    const before = this.#processes[which]!
    await before.kill()
    this.#former.push(before)
    await this.#database.query("SELECT 1")
    this.#processes[which] = new LoginProcess(this.#directory, this.#options)
    await this.#processes[which].port
  }

  /** What the handlers acted on, sorted. */
  async acted(): Promise<readonly string[]> {
    const sql = 'SELECT call FROM acted WHERE pair = $1 ORDER BY call COLLATE "C"'
    const { rows } = await this.#database.query<{ call: string }>(sql, [this.#options.schema])
    return rows.map(({ call }) => call)
  }

  events(): readonly LoginServerEvent[] {
    return [...this.#former, ...this.#processes].flatMap(({ events }) => events)
  }

  /** All goes to one. */
  to(which: number): Fetch {
    return async (address, init) => this.#send(this.#note(address, init), which)
  }

  /** One after the other takes what comes. */
  readonly inTurn: Fetch = async (address, init) =>
    this.#send(this.#note(address, init), this.#turn++ % 2)

  /** Both take everything, at once: whoever acts on it has answered. */
  readonly toBoth: Fetch = async (address, init) => {
    const sent = this.#note(address, init)
    const answers = await Promise.all([0, 1].map((which) => this.#send(sent, which)))
    const errors = await Promise.all(answers.map((answer) => errorOf(answer)))
    const best = Math.max(errors.indexOf(null), 0)
    this.otherAnswers.push(answers[1 - best]!)
    return answers[best]!
  }

  /** Once more, as somebody does who has listened. */
  async replay(sent: Sent, which: number): Promise<Response> {
    return this.#send(sent, which)
  }

  #note(address: string, init: RequestInit = {}): Sent {
    const { pathname, search } = new URL(address)
    const headers = Object.fromEntries(new Headers(init.headers))
    const body = init.body instanceof Uint8Array ? init.body : new Uint8Array(0)
    const isOurs = headers["content-type"] === "application/stringphone-login"
    const type = isOurs ? body[0]! : 0
    const sent = { target: pathname + search, method: init.method ?? "GET", headers, body, type }
    this.sent.push(sent)
    return sent
  }

  async #send({ body, method, target, ...sent }: Sent, which: number): Promise<Response> {
    const port = await this.#processes[which]!.port
    const { host } = new URL(url)
    const outgoing = requestHttp({
      ...{ host: "127.0.0.1", port, path: target, method, agent: false },
      headers: { ...sent.headers, host, "content-length": body.length },
    })
    outgoing.end(body)
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage]
    const chunks: Uint8Array[] = []
    for await (const chunk of incoming) chunks.push(chunk as Uint8Array)
    const headers = incoming.headers as Record<string, string>
    return new Response(Buffer.concat(chunks), { status: incoming.statusCode!, headers })
  }
}

const names: Readonly<Record<number, string>> = { 1: "denied", 2: "slow-down", 5: "used" }

/** The name or number of the error that it is, whoever made it; `null`: it is none. */
export async function errorOf(answer: Response): Promise<string | null> {
  const field = answer.headers.get("stringphone-error")
  if (field !== null) return field
  const [type, code = 0] = new Uint8Array(await answer.clone().arrayBuffer())
  const isOurs = answer.headers.get("content-type") === "application/stringphone-login"
  return isOurs && type === 0x0e ? (names[code] ?? String(code)) : null
}
