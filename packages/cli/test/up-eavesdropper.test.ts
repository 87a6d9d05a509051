import { connectAsync } from "mqtt"
import { describe, expect, it, onTestFinished } from "vitest"
import { freshHome } from "./folder.js"
import { keyOf, pair, startHome } from "./home.js"

async function ask(page: string, action: unknown, headers = {}): Promise<Response> {
  return fetch(new URL("eavesdropper", page), {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: typeof action === "string" ? JSON.stringify({ do: action }) : JSON.stringify(action),
  })
}

describe("the eavesdropper", () => {
  it("flips, replays, injects, drops; the phone refuses each with its reason, and sees the gap", async () => {
    const { home, ready } = await startHome(freshHome())
    const phone = await pair(home, ready)
    await phone.hear(({ from }) => from === keyOf(ready, "computer"))
    const act = async (action: string): Promise<void> => {
      phone.forget()
      const { status } = await ask(ready.page, action, { Origin: new URL(ready.page).origin })
      expect(status).toBe(204)
      expect(await home.next("eavesdropper")).toMatchObject({ do: action })
    }
    const claimed = async (code: string): Promise<string> => {
      const event = await phone.event("rejected", (one) => one.code === code)
      return Buffer.from(event.claimed!.publicKey).toString("hex")
    }
    const devices = ready.devices.map(({ publicKey }) => publicKey)

    await act("flip")
    expect(devices).toContain(await claimed("not-authentic"))
    expect(await phone.event("gap")).toMatchObject({ missing: 1 })
    expect(await home.next("rejected")).toMatchObject({ code: "not-authentic" })

    await act("replay")
    expect(devices).toContain(await claimed("replayed"))

    await act("inject")
    expect(devices).toContain(await claimed("not-authentic"))

    await act("drop")
    expect(await phone.event("gap")).toMatchObject({ missing: 1 })

    // Nothing of it does harm.
    phone.forget()
    await phone.hear(({ from }) => from === keyOf(ready, "computer"))
    await phone.command(keyOf(ready, "lamp"), { on: true })
    await home.next("command")
    expect(await home.end()).toBe(0)
  })

  it("obeys its own page only, and not too often", async () => {
    const { home, ready } = await startHome(freshHome())
    const origin = new URL(ready.page).origin
    expect((await ask(ready.page, "drop", { Origin: "http://evil.example" })).status).toBe(403)
    expect((await ask(ready.page, "drop", { Origin: "null" })).status).toBe(403)
    expect((await ask(ready.page, "explode", { Origin: origin })).status).toBe(400)
    expect((await ask(ready.page, { do: 7 })).status).toBe(400)
    expect((await ask(ready.page, { do: "drop", more: "x".repeat(5_000) })).status).toBe(413)
    expect((await fetch(new URL("eavesdropper", ready.page))).status).toBeGreaterThanOrEqual(404)
    const statuses: number[] = []
    for (let i = 0; i < 12; i++) statuses.push((await ask(ready.page, "inject")).status)
    expect(statuses.at(-1)).toBe(429)
    expect(
      home.events.filter((one) => one.event === "eavesdropper" && one["do"] === "drop"),
    ).toEqual([])
    await home.end()
  })

  it("touches the home's channel alone", async () => {
    const { home, ready } = await startHome(freshHome())
    const [reader, writer] = await Promise.all([
      connectAsync(ready.broker.address),
      connectAsync(ready.broker.address),
    ])
    onTestFinished(async () => {
      await Promise.all([reader.endAsync(true), writer.endAsync(true)])
    })
    const heard: string[] = []
    reader.on("message", (_topic, payload) => heard.push(payload.toString("hex")))
    await reader.subscribeAsync("garden")
    for (const action of ["flip", "drop", "flip", "drop"]) await ask(ready.page, action)
    const message = Buffer.alloc(150, 7).fill("M", 0, 1)
    for (let i = 0; i < 5; i++) await writer.publishAsync("garden", message, { qos: 1 })
    while (heard.length < 5) await new Promise((resolve) => setTimeout(resolve, 20))
    expect(new Set(heard)).toEqual(new Set([message.toString("hex")]))
    await home.end()
  })
})
