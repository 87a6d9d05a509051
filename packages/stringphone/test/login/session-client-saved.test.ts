// What a device keeps of a login, and where its server is.
import { describe, expect, test } from "vitest"
import { concat, decodeJson, encodeJson, utf8 } from "../../src/bytes/index.js"
import { endpointOf, endpointUrl, targetOf } from "../../src/session/login/client-endpoint.js"
import { decodeSaved, encodeSaved, type SavedLogin } from "../../src/session/login/client-saved.js"
import { login, openSession } from "../../src/session/login/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { cheap, codeOf, password, url } from "./session-client-scene.js"

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill)

const saved: SavedLogin = {
  url: "http://lamp.example/.stringphone/login",
  realm: "lamp.example",
  login: "alice",
  device: "Laptop",
  serverKeys: [bytes(32, 1), bytes(32, 2)],
  price: { passes: 3, kib: 65_536, lanes: 4 },
  scopes: ["lamps"],
  session: {
    session: bytes(16, 3),
    generation: 7,
    root: bytes(32, 4),
    pending: { ephemeralSecret: bytes(32, 5), request: bytes(85, 6) },
  },
  age: { sinceMs: 1_800_000_000_000, accessSeconds: 3_600 },
  known: { session: bytes(16, 7), key: bytes(32, 8) },
}

describe("a saved login", () => {
  test("reads as it was written", () => {
    for (const one of [saved, { ...saved, session: null, age: null, known: null }]) {
      expect(decodeSaved(encodeSaved(one))).toEqual(one)
    }
  })

  test("of before reads, and its age is not known", () => {
    const { age: _, ...before } = saved
    expect(decodeSaved(encodeSaved(before as SavedLogin))).toEqual({ ...before, age: null })
  })

  const { session } = saved
  const broken: readonly (readonly [string, unknown])[] = [
    ["no session", { ...saved, session: undefined }],
    ["a root that is too short", { ...saved, session: { ...session, root: bytes(31, 4) } }],
    ["generation 0", { ...saved, session: { ...session, generation: 0 } }],
    ["a pending refresh without its key", { ...saved, session: { ...session, pending: {} } }],
    ["an age that is none", { ...saved, age: { sinceMs: "now", accessSeconds: 3_600 } }],
    ["no server key", { ...saved, serverKeys: [] }],
    ["a server key that is none", { ...saved, serverKeys: ["key"] }],
    ["no price", { ...saved, price: null }],
    ["a price that is none", { ...saved, price: { passes: "3" } }],
    ["scopes that are none", { ...saved, scopes: [1] }],
    ["no URL", { ...saved, url: 1 }],
    ["a known device that is none", { ...saved, known: { session: bytes(16, 1) } }],
    ["a list", []],
    ["nothing", null],
  ]
  test.each(broken)("with %s is refused", async (_, value) => {
    const entry = encodeJson(value && !Array.isArray(value) ? { version: 1, ...value } : value)
    expect(() => decodeSaved(entry)).toThrow(expect.objectContaining({ code: "store-corrupt" }))
    const store = createMemoryStore()
    await store.commit({ writes: [{ key: "login/client/lamp.example alice", value: entry }] })
    expect(await codeOf(() => openSession({ store }))).toBe("ChannelError store-corrupt")
    const fetch = async (): Promise<never> => {
      throw new Error("nothing is sent")
    }
    const options = { url, login: "alice", password, device: "x", store, fetch }
    expect(await codeOf(() => login({ ...options, minimumPrice: cheap }))).toBe(
      "ChannelError store-corrupt",
    )
  })

  test("that was cut or is noise is refused", () => {
    const whole = encodeSaved(saved)
    for (let length = 0; length < whole.length; length += 7) {
      expect(() => decodeSaved(whole.subarray(0, length))).toThrow(
        expect.objectContaining({ code: "store-corrupt" }),
      )
    }
    expect(() => decodeSaved(concat(whole, utf8("x")))).toThrow(
      expect.objectContaining({ code: "store-corrupt" }),
    )
  })

  test("of a newer version says so", () => {
    const newer = encodeJson({ ...(decodeJson(encodeSaved(saved)) as object), version: 2 })
    expect(() => decodeSaved(newer)).toThrow(expect.objectContaining({ code: "store-newer" }))
  })
})

describe("the address of a server", () => {
  test.each([
    ["http://192.168.4.1", "http://192.168.4.1/.stringphone/login"],
    ["http://LAMP.local:80/", "http://lamp.local/.stringphone/login"],
    ["https://lamp.example:8443", "https://lamp.example:8443/.stringphone/login"],
    ["http://lamp.local/api/login/", "http://lamp.local/api/login"],
    ["http://[fe80::1]:8080", "http://[fe80::1]:8080/.stringphone/login"],
  ])("%s is %s", (text, full) => {
    expect(endpointUrl(endpointOf(text))).toBe(full)
    expect(endpointUrl(endpointOf(full))).toBe(full)
  })

  test.each([
    ...["", "lamp.local", "ftp://lamp.local", "http://", "http://a:b@lamp.local", "file:///etc"],
    ...["http://lamp.local/?a", "http://lamp.local/#a", "javascript:alert(1)"],
  ])("is not %j", (text) => {
    expect(() => endpointOf(text)).toThrow(expect.objectContaining({ code: "bad-url" }))
  })

  test("leads to no other server", () => {
    const endpoint = endpointOf("http://lamp.local:8080/login")
    expect(targetOf(endpoint, "/a?b").href).toBe("http://lamp.local:8080/a?b")
    expect(targetOf(endpoint, "a/../b").href).toBe("http://lamp.local:8080/b")
    for (const other of ["http://lamp.local/a", "//x/a", "https://lamp.local:8080/", "data:,a"]) {
      expect(() => targetOf(endpoint, other)).toThrow(
        expect.objectContaining({ code: "other-origin" }),
      )
    }
    expect(() => targetOf(endpoint, "http://a:b@lamp.local:8080/")).toThrow(
      expect.objectContaining({ code: "bad-url" }),
    )
  })
})
