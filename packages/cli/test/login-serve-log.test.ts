// What strangers can make a login server write.
import { randomBytes } from "node:crypto"
import { connect } from "node:net"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { ServeLog } from "../src/login/serve-log.js"
import { loginScene } from "./login-scene.js"

const type = "application/stringphone-login"

/** What is written while it runs, line by line. */
function written(isJson: boolean, run: (log: ServeLog) => void): readonly string[] {
  const lines: string[] = []
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    lines.push(String(text).trim())
    return true
  })
  onTestFinished(() => write.mockRestore())
  const log = new ServeLog({ json: isJson })
  run(log)
  log.flush()
  write.mockRestore()
  return lines
}

function hearDenials(log: ServeLog): void {
  for (let i = 0; i < 1_000; i++) log.hear({ kind: "login-denied", login: null, address: "::1" })
  log.hear({ kind: "login-denied", login: "ann", address: "::1" })
}

describe("the log of a login server", () => {
  it("counts logins that were denied: anybody who listens can make as many", () => {
    const lines = written(false, hearDenials)
    expect(lines.map((line) => line.slice(9))).toEqual([
      "1001 logins denied: never begun, too long ago, or altered.",
    ])
    const records = written(true, hearDenials).map((line) => JSON.parse(line) as object)
    expect(records).toMatchObject([{ event: "login-denied", count: 1_001 }])
  })

  it(
    "has one line for many of them, and none for bodies that are cut",
    { timeout: 60_000 },
    async () => {
      const scene = await loginScene()
      const url = `${scene.url}/.stringphone/login`
      for (let i = 0; i < 20; i++) {
        await cutBody(scene.url)
        const body = Buffer.concat([Buffer.of(0x03), randomBytes(16 + 64 + 272)])
        const answer = await fetch(url, { method: "POST", headers: { "content-type": type }, body })
        const said = new Uint8Array(await answer.arrayBuffer())
        expect(said.slice(0, 2)).toEqual(new Uint8Array([0x0e, 1]))
      }
      await scene.running.end()
      const counts = scene.running.events.filter(({ event }) => event === "login-denied")
      expect(counts.reduce((sum, { count }) => sum + Number(count), 0)).toBe(20)
      expect(counts.length).toBeLessThan(20)
      expect(scene.running.events.filter(({ event }) => event === "trouble")).toEqual([])
    },
  )
})

/** Half a message, and gone. */
async function cutBody(url: string): Promise<void> {
  const { host, hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const head = `POST /.stringphone/login HTTP/1.1\r\nhost: ${host}\r\ncontent-type: ${type}\r\n`
  await new Promise<void>((resolve, reject) => {
    socket.on("error", reject)
    socket.write(`${head}content-length: 100\r\n\r\nhalf`, () => socket.end())
    socket.resume().on("close", () => resolve())
  })
}
