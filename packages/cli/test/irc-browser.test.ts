import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"
import { expect, it } from "vitest"
import { Client } from "../src/irc/client.js"

it("a page in a browser does not speak through the proxy in what it posts", async () => {
  const heard: string[] = []
  let connected = 0
  const server = createServer((socket) => {
    connected++
    new Client(socket, {
      password: null,
      onReady: (client) => client.markWelcome(),
      onLine: (_, line) => heard.push(line.command),
      onEnd: () => undefined,
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  const body = "NICK x\r\nUSER x 0 * :x\r\nPRIVMSG #kitchen :I confess\r\nQUIT\r\n"
  for (const method of ["POST", "PUT"]) {
    await expect(fetch(`http://127.0.0.1:${port}/`, { method, body })).rejects.toThrow()
  }
  server.close()
  expect(connected).toBe(2)
  expect(heard).toEqual([])
})
