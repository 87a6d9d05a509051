// A client that costs little: requests that were made before, over connections that stay, one after another on each.
import { Buffer } from "node:buffer"
import { once } from "node:events"
import { connect } from "node:net"

const headEnd = Buffer.from("\r\n\r\n")

/** A request as it is on the wire. */
export function wire(method, path, fields, body) {
  const lines = [...fields, ["content-length", String(body.length)]]
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${head}\r\n`), body])
}

/** Several connections to one port. */
export class Load {
  #connections = []

  static async open(port, count) {
    const load = new Load()
    for (let i = 0; i < count; i++) load.#connections.push(await Connection.open(port))
    return load
  }

  /** @returns the answers as they are on the wire, and how long all of it took */
  async run(requests, atOnce) {
    const answers = new Array(requests.length)
    let next = 0
    const work = async (connection) => {
      while (next < requests.length) {
        const at = next++
        answers[at] = await connection.ask(requests[at])
      }
    }
    const begun = process.hrtime.bigint()
    await Promise.all(this.#connections.slice(0, atOnce).map(work))
    const seconds = Number(process.hrtime.bigint() - begun) / 1e9
    return { answers, seconds }
  }

  close() {
    for (const connection of this.#connections) connection.close()
  }
}

class Connection {
  #socket
  #received = []
  #length = 0
  /** Of the whole answer; 0: its head is not there yet. */
  #wanted = 0
  #waiting = null

  static async open(port) {
    const connection = new Connection()
    const socket = connect(port, "127.0.0.1").setNoDelay()
    await once(socket, "connect")
    socket.on("data", (chunk) => connection.#take(chunk))
    socket.on("close", () => connection.#waiting?.reject(new Error("The connection ended.")))
    socket.on("error", () => {})
    connection.#socket = socket
    return connection
  }

  ask(request) {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(request)
    })
  }

  close() {
    this.#waiting = null
    this.#socket.destroy()
  }

  #take(chunk) {
    this.#received.push(chunk)
    this.#length += chunk.length
    if (this.#wanted === 0) this.#wanted = lengthOf(this.#whole())
    if (this.#wanted === 0 || this.#length < this.#wanted) return
    const answer = this.#whole()
    const { resolve } = this.#waiting
    this.#received = []
    this.#length = this.#wanted = 0
    this.#waiting = null
    resolve(answer)
  }

  #whole() {
    return this.#received.length === 1 ? this.#received[0] : Buffer.concat(this.#received)
  }
}

function lengthOf(beginning) {
  const end = beginning.indexOf(headEnd)
  if (end < 0) return 0
  const [, length] = /\r\ncontent-length: ?([0-9]+)/i.exec(beginning.latin1Slice(0, end)) ?? []
  if (length === undefined) throw new Error("The answer does not say how long it is.")
  return end + headEnd.length + Number(length)
}

/** What came, in parts. */
export function readAnswer(bytes) {
  const end = bytes.indexOf(headEnd)
  const [first, ...lines] = bytes.latin1Slice(0, end).split("\r\n")
  const fields = lines.map((line) => {
    const colon = line.indexOf(":")
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })
  const body = new Uint8Array(bytes.subarray(end + headEnd.length))
  return { status: Number(first.split(" ")[1]), fields, body }
}
