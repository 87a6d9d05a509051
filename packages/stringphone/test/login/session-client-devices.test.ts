import { describe, expect, test } from "vitest"
import { utf8 } from "../../src/bytes/index.js"
import type { Caller } from "../../src/session/login/client-caller.js"
import { endpointOf } from "../../src/session/login/client-endpoint.js"
import { listDevices } from "../../src/session/login/client-management.js"
import { codeOf } from "./session-client-scene.js"

const device = {
  session: "A".repeat(22),
  device: "Phone",
  scopes: ["lamps"],
  createdAt: "2026-01-01T00:00:00.000Z",
  seenAt: null,
  isOwn: true,
}

/** What a server answers that somebody took over. */
function listed(changes: object) {
  const body = utf8(JSON.stringify({ devices: [{ ...device, ...changes }] }))
  const caller = { call: async () => ({ status: 200, fields: [], body }) } as unknown as Caller
  return listDevices(caller, endpointOf("http://lamp.example"))
}

describe("a list of devices", () => {
  // The last ones mean something in what we save ourselves, and nothing here.
  test.each(["Phone", "again:0", "b64:AAAA", "b64:!", "text:x"])(
    "is read as it is: %s",
    async (name) => {
      const wanted = { ...device, device: name, createdAt: new Date(device.createdAt) }
      expect(await listed({ device: name })).toEqual([wanted])
    },
  )

  test.each([
    { session: "\u001b]0;mine\u0007" },
    { session: "AAAA" },
    { scopes: ["\u001b[31mred"] },
    { scopes: "lamps" },
    { device: 1 },
    { scopes: ["text:admin"], device: "b64:!", session: "again:0" },
    { createdAt: "yesterday" },
  ])("is none with %j", async (changes) => {
    expect(await codeOf(() => listed(changes))).toBe("PeerError malformed")
  })
})
