import { expect, it } from "vitest"
import { failure, loginScene } from "./login-scene.js"
import { Running } from "./program.js"

const page = "http://page.example:8080"

/** What a browser asks before a page logs in. */
function asked(url: string, origin: string): Promise<Response> {
  return fetch(new URL("/.stringphone/login", url), {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    },
  })
}

it("pages of a named origin may log in, and no others", async () => {
  const { home, running } = await loginScene()
  await running.end()
  const serve = ["login", "serve", "--listen", "127.0.0.1:0", "--origin"]
  const serving = Running.start(home, [...serve, page])
  const { url } = await serving.next("started")
  const allowed = await asked(String(url), page)
  expect(allowed.status).toBe(204)
  expect(allowed.headers.get("access-control-allow-origin")).toBe(page)
  const other = await asked(String(url), "http://other.example")
  expect(other.headers.get("access-control-allow-origin")).toBeNull()
  expect(await serving.end()).toBe(0)

  const wrong = await failure(home, [...serve, `${page}/a`])
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toContain("is no origin")
})
