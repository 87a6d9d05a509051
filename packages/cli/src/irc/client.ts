import type { Socket } from "node:net"
import { StringDecoder } from "node:string_decoder"
import { formatLine, type Line, parseLine } from "./line.js"
import { isRightPassword } from "./password.js"

/** What a client may ask for. */
const offered = ["server-time", "echo-message", "multi-prefix"] as const
export type Capability = (typeof offered)[number]

export interface ClientOptions {
  /** `null`: none is asked for. */
  readonly password: string | null
  /** Introduced itself; it is to be welcomed. */
  readonly onReady: (client: Client) => void
  readonly onLine: (client: Client, line: Line) => void
  readonly onEnd: (client: Client) => void
}

/** One IRC client on this machine, from its introduction on. */
export class Client {
  readonly #socket: Socket
  readonly #options: ClientOptions
  readonly #decoder = new StringDecoder("utf8")
  readonly #capabilities = new Set<Capability>()
  /** Folded names of the channels that this client was told to be on. */
  readonly joined: Set<string> = new Set()
  #text = ""
  #nick = "*"
  #user: string | null = null
  #password: string | null = null
  #isNegotiating = false
  #isReady = false
  #isWelcome = false
  #isCleanEnd = false
  #heardAtMs = Date.now()

  constructor(socket: Socket, options: ClientOptions) {
    this.#socket = socket
    this.#options = options
    socket.setNoDelay(true)
    const pulse = setInterval(() => this.#check(), pulseMs)
    socket.on("data", (bytes) => this.#hear(bytes))
    socket.on("error", () => {}) // `close` follows
    socket.on("end", () => (this.#isCleanEnd = true))
    socket.on("close", () => {
      clearInterval(pulse)
      options.onEnd(this)
    })
  }

  /** What it called itself. */
  get nick(): string {
    return this.#nick
  }

  /** Tells the clients of one person apart: each sees what it missed itself. */
  get name(): string {
    return this.#user ?? ""
  }

  /** It introduced itself. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** It was welcomed, and takes part. */
  get isWelcome(): boolean {
    return this.#isWelcome
  }

  /** It went of its own accord, and so has seen all that it was sent. */
  get isCleanEnd(): boolean {
    return this.#isCleanEnd
  }

  markWelcome(): void {
    this.#isWelcome = true
  }

  has(capability: Capability): boolean {
    return this.#capabilities.has(capability)
  }

  /** `atMs`: when it was said; shown by clients that know `server-time`. */
  send(line: Line, atMs: number = Date.now()): void {
    const tags = this.has("server-time")
      ? new Map([["time", new Date(atMs).toISOString()]])
      : new Map<string, string>()
    this.#write(formatLine({ ...line, tags }))
  }

  end(reason: string): void {
    this.#isCleanEnd = true
    this.#write(`ERROR :${reason}`)
    this.#socket.end()
    this.#socket.destroySoon()
  }

  #write(text: string): void {
    if (this.#socket.writable) this.#socket.write(`${text}\r\n`)
    // A client that reads no more must not fill our memory.
    if (this.#socket.writableLength > maxUnreadBytes) this.#socket.destroy()
  }

  #check(): void {
    const silentMs = Date.now() - this.#heardAtMs
    if (!this.#isReady || silentMs > patienceMs) this.#socket.destroy()
    else this.#write("PING stringphone.proxy")
  }

  #hear(bytes: Buffer): void {
    this.#heardAtMs = Date.now()
    this.#text += this.#decoder.write(bytes)
    const lines = this.#text.split(/\r?\n/)
    this.#text = lines.pop() ?? ""
    if (this.#text.length > maxLineLength) return void this.#socket.destroy()
    for (const text of lines) {
      const heard = parseLine(text)
      if (!heard || this.#socket.destroyed) continue
      if (heard.command === "CAP") this.#hearCap(heard.params)
      else if (heard.command === "PING")
        this.#write(`PONG stringphone.proxy :${heard.params[0] ?? ""}`)
      else if (this.#isReady) this.#options.onLine(this, heard)
      else this.#introduce(heard)
    }
  }

  #introduce({ command, params }: Line): void {
    switch (command) {
      case "PASS":
        this.#password = params[0] ?? ""
        break
      case "NICK":
        this.#nick = params[0] ?? "*"
        break
      case "USER":
        this.#user = params[0] ?? ""
        break
      case "QUIT":
        return this.end("Goodbye.")
      case "POST":
      case "GET":
      case "PUT":
      case "OPTIONS":
        // A page in a browser, which must not speak through us in what it posts.
        return void this.#socket.destroy()
      default:
        return this.#numeric("451", "Say PASS, NICK and USER first.")
    }
    this.#settle()
  }

  #hearCap([verb = "", names = ""]: readonly string[]): void {
    const target = this.#isReady ? this.#nick : "*"
    switch (verb.toUpperCase()) {
      case "LS":
        if (!this.#isReady) this.#isNegotiating = true
        return this.#write(`:stringphone.proxy CAP ${target} LS :${offered.join(" ")}`)
      case "LIST":
        return this.#write(
          `:stringphone.proxy CAP ${target} LIST :${[...this.#capabilities].join(" ")}`,
        )
      case "REQ": {
        if (!this.#isReady) this.#isNegotiating = true
        const asked = names.split(" ").filter((name) => name !== "")
        const isFine = asked.every((name) => offered.includes(name.replace(/^-/, "") as Capability))
        if (isFine) for (const name of asked) this.#switch(name)
        return this.#write(`:stringphone.proxy CAP ${target} ${isFine ? "ACK" : "NAK"} :${names}`)
      }
      case "END":
        this.#isNegotiating = false
        return this.#settle()
    }
  }

  #switch(name: string): void {
    if (name.startsWith("-")) this.#capabilities.delete(name.slice(1) as Capability)
    else this.#capabilities.add(name as Capability)
  }

  #settle(): void {
    if (this.#isReady || this.#isNegotiating || this.#user === null || this.#nick === "*") return
    const { onReady, password } = this.#options
    if (password !== null && !isRightPassword(this.#password ?? "", password)) {
      this.#numeric(
        "464",
        "The proxy wants its password (PASS); it is in the file that --password-file named.",
      )
      return this.end("Wrong password.")
    }
    this.#isReady = true
    onReady(this)
  }

  #numeric(code: string, text: string): void {
    this.#write(`:stringphone.proxy ${code} ${this.#nick} :${text}`)
  }
}

const pulseMs = 60_000
const patienceMs = 180_000
const maxLineLength = 65_536
const maxUnreadBytes = 8 * 1024 * 1024
