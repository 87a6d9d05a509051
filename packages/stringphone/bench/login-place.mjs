// One store in PostgreSQL with so many sessions, and login servers on it that are called without a network.
import { base64url } from "stringphone/bytes"
import { Identity } from "stringphone/identity"
import { openLoginServer, protect } from "stringphone/session/login/server"
import { openPostgresStore } from "stringphone/store/postgres"
import { askedLane, base, cheap, loggedIn, loginType, signedCall } from "./login-device.mjs"
import { fill, generationOf, loginOf, sessionsPerUser, tableScans } from "./login-fill.mjs"

const { Request, Response } = globalThis
const authority = "lamp.example"
const origin = `http://${authority}`
const hourMs = 3_600_000
const acted = new Uint8Array([111, 110])
const app = protect(() => new Response(acted, { headers: { "content-type": "text/plain" } }))

export class Place {
  count
  filled
  /** By where their lanes are: `memory`, `store`. Their clock stands still, so that they clean up once and no more. */
  servers = {}
  #options
  #serverKeys
  #nowMs
  #table
  #scansBefore

  static async open({ count, nowMs, onProgress, url }) {
    const place = new Place()
    place.count = count
    place.#nowMs = nowMs
    const schema = `sessions_${count}`
    const store = await openPostgresStore({ url, schema })
    const identity = Identity.generate()
    const options = { store, identity, realm: authority, price: cheap, minimumPrice: cheap }
    place.#options = options
    place.#serverKeys = [identity.publicKey]
    for (const lanes of ["memory", "store"]) {
      const server = await openLoginServer({ ...options, lanes, wallClock: () => nowMs })
      place.servers[lanes] = { server, handle: server.handler(app) }
    }
    await place.#register("alice")
    const serverKey = identity.publicKey
    const like = "alice"
    place.filled = await fill({ count, like, nowMs, onProgress, schema, serverKey, store, url })
    place.#table = { schema, url }
    place.#scansBefore = await tableScans(place.#table)
    await place.#verify()
    return place
  }

  /** Numbers of sessions from all over the table, each once. */
  some(wanted) {
    const numbers = new Set()
    while (numbers.size < Math.min(wanted, this.count)) {
      numbers.add(Math.floor(Math.random() * this.count))
    }
    return [...numbers]
  }

  /** @returns the lane and the milliseconds */
  async openLane(lanes, number) {
    const { open, request } = askedLane(generationOf(number), this.#serverKeys)
    const { answer, ms } = await this.#timed(lanes, posted(request))
    return { lane: open(answer.body), ms }
  }

  /** @returns milliseconds */
  async call(lanes, lane) {
    const call = { method: "GET", authority, path: "/lamps/1", query: "", body: new Uint8Array(0) }
    const { check, fields } = signedCall(lane, { ...call, fields: [] }, this.#serverKeys)
    const { answer, ms } = await this.#timed(
      lanes,
      new Request(`${origin}/lamps/1`, { headers: fields.map(([name, value]) => [name, value]) }),
    )
    check(answer)
    return ms
  }

  async devices(number) {
    const { server } = this.servers.memory
    const begun = process.hrtime.bigint()
    const found = await server.devices(loginOf(number))
    const ms = msSince(begun)
    const first = number - (number % sessionsPerUser)
    const expected = Math.min(sessionsPerUser, this.count - first)
    if (found.length !== expected) throw new Error(`There are ${found.length} devices.`)
    return ms
  }

  /** One pass of 64, of a server whose clock has run for more than a day: until then it deletes nothing. */
  async cleaningPass(beforePass = () => {}) {
    let nowMs = this.#nowMs
    const events = []
    const server = await openLoginServer({
      ...this.#options,
      wallClock: () => nowMs,
      onEvent: (event) => events.push(event),
    })
    const handle = server.handler(app)
    for (const hours of [0, 23]) {
      nowMs = this.#nowMs + hours * hourMs
      await (await handle(posted(new Uint8Array(1)))).arrayBuffer()
      await server.settled()
    }
    nowMs = this.#nowMs + 25 * hourMs
    const begun = process.hrtime.bigint()
    await (await handle(posted(new Uint8Array(1)))).arrayBuffer()
    beforePass()
    await server.settled()
    const ms = msSince(begun)
    if (events.length > 0) throw new Error("Cleaning failed.", { cause: events[0].error })
    return ms
  }

  async close() {
    for (const { server } of Object.values(this.servers)) await server.settled()
    await this.#options.store.close()
  }

  /** How often the whole table was read since it was filled. All stores have to be closed. */
  async scans() {
    const scans = await tableScans({ ...this.#table, application: "stringphone" })
    return scans - this.#scansBefore
  }

  async #register(login) {
    const { handle, server } = this.servers.memory
    const { text } = await server.invite({ login, scopes: ["lamps"], url: origin })
    await loggedIn(text, login, async (bytes) => (await bytesOf(await handle(posted(bytes)))).body)
    for (const one of Object.values(this.servers)) {
      await one.handle(posted(new Uint8Array(1)))
      await one.server.settled()
    }
  }

  /** What was written in bulk is what the server knows. */
  async #verify() {
    for (const number of this.some(100)) {
      const id = base64url(generationOf(number).session)
      const found = await this.servers.memory.server.introspect(id)
      const isRight = found?.login === loginOf(number) && found.scopes.join() === "lamps"
      if (!isRight) throw new Error(`Session ${number} is not as it was written.`)
    }
  }

  async #timed(lanes, request) {
    const { handle } = this.servers[lanes]
    const begun = process.hrtime.bigint()
    const answer = await bytesOf(await handle(request))
    return { answer, ms: msSince(begun) }
  }
}

function posted(body) {
  return new Request(origin + base, {
    method: "POST",
    headers: { "content-type": loginType },
    body,
  })
}

async function bytesOf(response) {
  const body = new Uint8Array(await response.arrayBuffer())
  return { status: response.status, fields: [...response.headers], body }
}

function msSince(begun) {
  return Number(process.hrtime.bigint() - begun) / 1e6
}
