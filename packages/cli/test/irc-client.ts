import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { onTestFinished } from "vitest"

export interface RawClientOptions {
  readonly nick?: string
  readonly user?: string
  readonly password?: string
  readonly capabilities?: string
}

/** An IRC client as bare as can be: lines in, lines out. */
export class RawClient {
  readonly #socket: Socket
  readonly lines: string[] = []
  #text = ""
  #at = 0
  #arrived = (): void => {}
  #isOver = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding("utf8")
    socket.on("error", () => {})
    socket.on("data", (chunk: string) => {
      const lines = (this.#text + chunk).split("\r\n")
      this.#text = lines.pop() ?? ""
      for (const line of lines) {
        const ping = /^PING (.*)/.exec(line)
        if (ping) this.send(`PONG ${ping[1] ?? ""}`)
        this.lines.push(line)
      }
      this.#arrived()
    })
    socket.on("close", () => {
      this.#isOver = true
      this.#arrived()
    })
  }

  static async connect(port: number, options: RawClientOptions = {}): Promise<RawClient> {
    const { capabilities, nick = "ann", password, user = nick } = options
    const socket = connect({ port, host: "127.0.0.1" })
    await once(socket, "connect")
    const client = new RawClient(socket)
    onTestFinished(() => void socket.destroy())
    if (capabilities !== undefined) client.send("CAP LS 302", `CAP REQ :${capabilities}`)
    if (password !== undefined) client.send(`PASS ${password}`)
    client.send(`NICK ${nick}`, `USER ${user} 0 * :${nick}`)
    if (capabilities !== undefined) client.send("CAP END")
    return client
  }

  send(...lines: readonly string[]): void {
    for (const line of lines) this.#socket.write(`${line}\r\n`)
  }

  /** The next line that fits; those before it are passed over. */
  async next(pattern: RegExp): Promise<string> {
    for (;;) {
      while (this.#at < this.lines.length) {
        const line = this.lines[this.#at++]!
        if (pattern.test(line)) return line
      }
      if (this.#isOver)
        throw new Error(`Ended without ${pattern.source}:\n${this.lines.join("\n")}`)
      await new Promise<void>((resolve, reject) => {
        const late = setTimeout(
          () => reject(new Error(`No ${pattern.source} in:\n${this.lines.join("\n")}`)),
          25_000,
        )
        this.#arrived = () => {
          clearTimeout(late)
          resolve()
        }
      })
    }
  }

  /** All that arrived before the answer to this ping. */
  async all(): Promise<readonly string[]> {
    const word = `mark-${Math.random().toString(36).slice(2)}`
    this.send(`PING ${word}`)
    await this.next(new RegExp(word))
    return this.lines
  }

  end(): void {
    this.#socket.end()
  }
}
