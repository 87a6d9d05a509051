// Nobody waited for the library of OPAQUE here.
import { expect, test } from "vitest"
import { ClientLogin, ClientRecord, ServerSetups } from "../../src/login/index.js"

test.each<readonly [string, () => unknown]>([
  ["a setup", () => ServerSetups.create()],
  ["a login", () => new ClientLogin({ login: "alice" }).start("password")],
  ["a registration", () => new ClientRecord().request("password")],
])("%s says what to wait for", (_, run) => {
  expect(run).toThrow(expect.objectContaining({ code: "not-ready" }))
})
