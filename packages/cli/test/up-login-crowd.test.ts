import { connect, type Socket } from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { freshHome } from "./folder.js"
import { startHome } from "./home.js"

describe("a home that many come to", { timeout: 120_000 }, () => {
  it("has room for a thousand connections, and for more when they are gone", async () => {
    const { home, ready } = await startHome(freshHome())
    const { port } = new URL(ready.page)
    const sockets = Array.from({ length: 1_100 }, () => connect(Number(port), "127.0.0.1"))
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()))
    const isHeard = async (socket: Socket): Promise<boolean> => {
      socket.on("error", () => undefined)
      socket.write("GET /home.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
      return new Promise((resolve) => {
        socket.once("data", () => resolve(true))
        socket.once("close", () => resolve(false))
      })
    }
    const heard = await Promise.all(sockets.map(isHeard))
    expect(heard.filter(Boolean).length).toBeGreaterThan(900)
    expect(heard.filter(Boolean).length).toBeLessThanOrEqual(1_000)
    for (const socket of sockets) socket.destroy()
    const again = (): Promise<boolean> => fetch(ready.page).then(Boolean, () => false)
    while (!(await again()));
    await home.end()
  })
})
