import { createServer, request as requestHttp } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { buffer, text } from "node:stream/consumers"
import { decodeJson } from "stringphone/bytes"
import { Identity } from "stringphone/identity"
import {
  type ClientLane,
  type ClientSession,
  completeLane,
  openAnswer,
  requestLane,
  sealCall,
  signCall,
} from "stringphone/login"
import { register } from "stringphone/session/login"
import { nodeListener } from "stringphone/session/login/node"
import { openLoginServer, protect } from "stringphone/session/login/server"
import { createMemoryStore } from "stringphone/store/memory"
import { describe, expect, it, onTestFinished } from "vitest"
import { forwardTo } from "../src/login/forward.js"
import { type Asked, plainApi } from "./login-scene.js"

const price = { passes: 1, kib: 64, lanes: 1 }
const type = { "content-type": "application/stringphone-login" }

interface Sent {
  readonly method?: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body?: Uint8Array
}

interface Sending {
  readonly body?: Uint8Array
  /** Not signed. */
  readonly headers?: Readonly<Record<string, string>>
  /** Another target than the signed one. */
  readonly sent?: string
}

/** A device that says on the wire what no platform's `fetch` would say. */
class RawDevice {
  readonly asked: readonly Asked[]
  readonly #url: URL
  readonly #lane: ClientLane
  readonly #base: string

  private constructor(url: string, lane: ClientLane, asked: readonly Asked[]) {
    this.#url = new URL(url)
    this.#base = this.#url.pathname
    this.#lane = lane
    this.asked = asked
  }

  static async before(api: { readonly url: string; readonly asked: readonly Asked[] }) {
    const logins = await openLoginServer({
      store: createMemoryStore(),
      identity: Identity.generate(),
      realm: "lamp.example",
      price,
      minimumPrice: price,
    })
    const handler = logins.handler(protect(forwardTo(new URL(api.url))))
    const server = createServer(nodeListener(handler))
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { text: invitation } = await logins.invite({ url, login: "ann", scopes: [] })
    const store = createMemoryStore()
    const common = { password: "correct horse", device: "laptop", store, minimumPrice: price }
    const session = await register({ invitation, ...common })
    const { serverKey, url: at } = await session.status()
    const [entry] = await store.list("login/client/")
    const saved = decodeJson(entry!.value) as { readonly session: ClientSession }
    const request = requestLane(saved.session, crypto.getRandomValues(new Uint8Array(16)))
    const answer = await fetch(at, { method: "POST", headers: type, body: request.slice() })
    const opened = completeLane(
      saved.session,
      request,
      new Uint8Array(await answer.arrayBuffer()),
      [serverKey],
    )
    if ("error" in opened) throw new Error(opened.error.name)
    return new RawDevice(at, opened.lane, api.asked)
  }

  async signed(
    method: string,
    target: string,
    { body = new Uint8Array(0), headers = {}, sent = target }: Sending = {},
  ): Promise<number> {
    const at = target.indexOf("?")
    const [path, query] = at < 0 ? [target, ""] : [target.slice(0, at), target.slice(at)]
    const where = { scheme: "http", authority: this.#url.host } as const
    const call = { method, ...where, path, query, fields: [], body }
    const key = { id: this.#lane.id, key: this.#lane.keys.requestSigningKey() }
    const { fields } = signCall(call, key, this.#lane.takeNumber())
    const all = { ...Object.fromEntries(fields), ...headers }
    const { status } = await this.#send({ method, path: sent, headers: all, body })
    return status
  }

  async sealed(method: string, path: string): Promise<number> {
    const where = { scheme: "http", authority: this.#url.host } as const
    const call = { method, ...where, path, fields: [], content: new Uint8Array(0) }
    const sent = sealCall(this.#lane, call)
    const { body } = await this.#send({ path: this.#base, headers: type, body: sent.bytes })
    const opened = openAnswer(sent, body, [])
    if ("error" in opened) throw new Error(opened.error.name)
    return opened.response.status
  }

  /** Bytes of a connection. @returns all that came back */
  async raw(bytes: string): Promise<string> {
    const socket = connect(Number(this.#url.port), this.#url.hostname)
    socket.end(bytes)
    return text(socket)
  }

  get host(): string {
    return this.#url.host
  }

  async #send({ body, headers, method = "POST", path }: Sent) {
    return new Promise<{ readonly status: number; readonly body: Uint8Array }>(
      (resolve, reject) => {
        const call = requestHttp(this.#url, { method, path, headers, agent: false })
        call.on("error", reject)
        call.on("response", (message) => {
          const { statusCode: status = 0 } = message
          void buffer(message).then((all) => resolve({ status, body: new Uint8Array(all) }))
        })
        call.end(body)
      },
    )
  }
}

const targets = [
  ...["/a/../b", "/a/./b", "//x", "//evil.example/x", "///", "/%2e%2e/a", "/%2E%2e%2f", "/a?b?c"],
  ...["/a\\b", "/a;b=c", "/?", "/a//b?//c", "/http://evil.example/", "/@evil.example", "/..;/a"],
]

describe("the path and query that an API gets", { timeout: 60_000 }, () => {
  it("are those that were proven, to the letter", async () => {
    const device = await RawDevice.before(await plainApi())
    for (const target of targets) {
      expect(await device.sealed("GET", target), target).toBe(200)
      expect(device.asked.at(-1)).toMatchObject({ url: target, fields: { host: apiHost(device) } })
      expect(await device.signed("DELETE", target), target).toBe(200)
      // What is signed does not say whether there was a question mark without anything behind it.
      expect(device.asked.at(-1)).toMatchObject({ url: target.replace(/\?$/, "") })
    }
    expect(new Set(device.asked.map(({ fields }) => fields.host)).size).toBe(1)
    expect(device.asked).toHaveLength(2 * targets.length)
  })

  it("of a call for another address are denied, and of an address of ours those in it", async () => {
    const device = await RawDevice.before(await plainApi())
    const own = `http://${device.host}/a/../b?c`
    expect(await device.signed("GET", "/a/../b?c", { sent: own })).toBe(200)
    expect(device.asked.at(-1)).toMatchObject({ url: "/a/../b?c" })
    for (const other of ["/b?c", "/a/../b", "//a/../b?c", "/a/%2e%2e/b?c"]) {
      expect(await device.signed("GET", "/a/../b?c", { sent: other }), other).toBe(403)
    }
    for (const other of [
      "http://evil.example/x",
      "http://evil.example@host/x",
      "evil.example:80",
    ]) {
      expect(await device.signed("GET", "/x", { sent: other }), other).toBe(400)
    }
    expect(device.asked).toHaveLength(1)
  })

  it("are none of a tunnel, of another protocol, or of the server as a whole", async () => {
    const device = await RawDevice.before(await plainApi())
    const head = `Host: ${device.host}\r\n`
    const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    expect(await device.raw(`CONNECT evil.example:80 HTTP/1.1\r\n${head}\r\n`)).toBe("")
    for (const [asked, fields] of [
      [`OPTIONS * HTTP/1.1`, head],
      [`GET evil.example:80 HTTP/1.1`, head],
      [`GET http://evil.example/ HTTP/1.1`, head],
      [`GET /chat HTTP/1.1`, head + upgrade],
      [`POST /x HTTP/1.1`, `${head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n`],
    ]) {
      expect(await device.raw(`${asked}\r\n${fields}\r\n`), asked).toMatch(/^HTTP\/1.1 400 /)
    }
    expect(device.asked).toEqual([])
  })
})

describe("the body that an API gets", { timeout: 60_000 }, () => {
  it("is whole and of one length, however it was sent", async () => {
    const device = await RawDevice.before(await plainApi())
    const body = new TextEncoder().encode("light ".repeat(20_000))
    for (const headers of [
      {},
      { "transfer-encoding": "chunked" },
      { "transfer-encoding": "chunked", trailer: "x-late" },
      { expect: "100-continue" },
    ]) {
      expect(await device.signed("POST", "/lamps", { body, headers })).toBe(200)
      const asked = device.asked.at(-1)
      expect(asked?.body).toBe(new TextDecoder().decode(body))
      const { "content-length": length, ...fields } = asked?.fields ?? {}
      expect(length).toBe(String(body.length))
      for (const name of Object.keys(headers)) expect(fields).not.toHaveProperty(name)
    }
    expect(await device.signed("POST", "/lamps")).toBe(200)
    expect(device.asked.at(-1)?.fields["content-length"]).toBe("0")
  })
})

function apiHost({ asked }: RawDevice): string | undefined {
  return asked[0]?.fields.host
}
