// What pages of other origins are told. Browsers keep scripts from setting these fields, so this runs in Node.
import { describe, expect, test } from "vitest"
import type { CallAnswer } from "./session-server-scene.js"
import { base, codeOf, messageOf, origin, Scene } from "./session-server-scene.js"

const page = "http://page.example:8080"
const signedFields = "content-digest,signature,signature-input"

function preflight(path: string, fields: Record<string, string>): Request {
  return new Request(origin + path, { method: "OPTIONS", headers: { origin: page, ...fields } })
}
const wants = (method: string, fields = "") => ({
  "access-control-request-method": method,
  ...(fields && { "access-control-request-headers": fields }),
})
const allowedOf = ({ headers }: Response) => headers.get("access-control-allow-origin")
/** The application knows no OPTIONS. */
const isAskedOfApp = async (answer: Response): Promise<boolean> =>
  answer.headers.get("stringphone-error") === "unprotected"

describe("a page of a listed origin", () => {
  test("may log in, and call sealed and signed", async () => {
    const scene = await Scene.open({ origins: [page, "app://phone"] })
    const toBase = await scene.handle(preflight(base, wants("POST", "content-type")))
    expect(toBase.status).toBe(204)
    expect(Object.fromEntries(toBase.headers)).toEqual({
      "access-control-allow-origin": page,
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "content-type",
      "access-control-max-age": "7200",
      vary: "origin, access-control-request-method, access-control-request-headers",
    })
    const all = `hue, ${signedFields}`
    const toLamp = await scene.handle(preflight("/lamp?a", wants("PUT", all)))
    expect(toLamp.headers.get("access-control-allow-methods")).toBe("PUT")
    expect(toLamp.headers.get("access-control-allow-headers")).toBe(all)
    // Else a browser would send `hue` to the application without a signature, and not ask it.
    expect(toLamp.headers.get("access-control-max-age")).toBe("0")
    const signedAtBase = await scene.handle(preflight(base, wants("DELETE", all)))
    expect(signedAtBase.headers.get("access-control-max-age")).toBe("0")
    const fromApp = { origin: "app://phone", ...wants("PUT", all) }
    expect(allowedOf(await scene.handle(preflight("/lamp", fromApp)))).toBe("app://phone")
    expect(scene.acted).toEqual([])
  })

  test("sees the answers of the login server, and errors", async () => {
    const scene = await Scene.open({ origins: [page] })
    for (const bytes of [new Uint8Array(3), new Uint8Array(70_000)]) {
      const message = messageOf(bytes)
      message.headers.set("origin", page)
      const answer = await scene.handle(message)
      expect([answer.status, allowedOf(answer)]).toEqual([200, page])
      expect(answer.headers.get("vary")).toBe("origin")
    }
    const wrong = new Request(origin, { headers: { origin: page, signature: "x" } })
    const error = await scene.handle(wrong)
    expect(error.headers.get("stringphone-error")).toBe("malformed")
    expect(error.headers.get("access-control-expose-headers")).toContain("stringphone-error")
  })

  test("sees all of a signed answer that is covered, and nothing of it is changed", async () => {
    const scene = await Scene.open({ origins: [page] })
    const device = await scene.device()
    const signed = async (path: string): Promise<[CallAnswer, Response]> => {
      const { proof, request } = await device.sign(`POST ${path}`, "on")
      request.headers.set("origin", page)
      const response = await scene.handle(request)
      return [await device.verify(response.clone(), proof), response]
    }
    const [answer, { headers }] = await signed("/lamp")
    const exposed = headers.get("access-control-expose-headers")?.split(", ") ?? []
    expect(exposed).toEqual([
      "content-digest",
      "content-type",
      "signature",
      "signature-input",
      "x-app",
    ])
    expect(answer.fields.map(([name]) => name)).toEqual(["content-type", "x-app"])
    expect([allowedOf(new Response(null, { headers })), headers.get("vary")]).toEqual([
      page,
      "origin",
    ])
    const [missing] = await signed("/throws")
    expect(missing.status).toBe(500)
  })

  test("is not told about what the application answers by itself", async () => {
    const scene = await Scene.open({ origins: [page] })
    const open = await scene.handle(new Request(`${origin}/open`, { headers: { origin: page } }))
    expect([open.status, allowedOf(open)]).toEqual([200, null])
    for (const [path, fields] of [
      ["/lamp", wants("PUT", "content-type")],
      [`${base}?x`, wants("POST", "content-type")],
      [base, wants("PUT", "content-type")],
      [base, {}],
    ] as const) {
      expect(await isAskedOfApp(await scene.handle(preflight(path, fields)))).toBe(true)
    }
  })
})

test("what an application says itself stays as it was signed", async () => {
  const scene = await Scene.open({ origins: ["*"] })
  const device = await scene.device()
  const own = { vary: "accept", "access-control-allow-origin": "http://other.example" }
  const handle = scene.server.handler(() => new Response("on", { headers: own }))
  const { proof, request } = await device.sign("GET /lamp")
  request.headers.set("origin", page)
  const response = await handle(request)
  const answer = await device.verify(response, proof)
  expect(Object.fromEntries(answer.fields)).toMatchObject(own)
  expect(response.headers.get("access-control-expose-headers")).toContain("vary")
})

test("pages of other origins are told nothing", async () => {
  for (const origins of [undefined, [], ["http://page.example"], ["http://page.example:8081"]]) {
    const scene = await Scene.open(origins ? { origins } : {})
    const asked = await scene.handle(preflight(base, wants("POST", "content-type")))
    expect([allowedOf(asked), await isAskedOfApp(asked)]).toEqual([null, true])
    const signed = await scene.handle(preflight("/lamp", wants("PUT", signedFields)))
    expect([allowedOf(signed), await isAskedOfApp(signed)]).toEqual([null, true])
    const message = messageOf(new Uint8Array(3))
    message.headers.set("origin", page)
    const answer = await scene.handle(message)
    expect([answer.status, allowedOf(answer)]).toEqual([200, null])
    expect(answer.headers.has("access-control-expose-headers")).toBe(false)
    // Whoever keeps answers must know that others get another.
    expect(answer.headers.get("vary")).toBe(origins ? "origin" : null)
  }
})

test("any page is told so where any is listed", async () => {
  const scene = await Scene.open({ origins: ["*"] })
  const asked = await scene.handle(preflight(base, wants("POST", "content-type")))
  expect(allowedOf(asked)).toBe("*")
  const message = messageOf(new Uint8Array(3))
  expect(allowedOf(await scene.handle(message))).toBe(null)
  const fromPage = messageOf(new Uint8Array(3))
  fromPage.headers.set("origin", "null")
  const answer = await scene.handle(fromPage)
  expect([allowedOf(answer), answer.headers.has("vary")]).toEqual(["*", false])
})

test.each([
  ...["page.example", "http://page.example/", "http://page.example:80", "http://PAGE.example"],
  ...["null", "", "http://", "http://*.example", "http://a@page.example", "http://page.example/a"],
])("%j is no origin", async (one) => {
  expect(await codeOf(() => Scene.open({ origins: [page, one] }))).toBe("bad-origin")
})
