import { it } from "vitest"
import { startNatsServer } from "./nats-server.js"
import { connectNats } from "../../src/transport/nats.js"
import { reader, numbered, numberOf } from "../contract/transport-contract.js"
import { wsconnect } from "@nats-io/nats-core"
import { jetstreamManager } from "@nats-io/jetstream"
import { WebSocket } from "ws"
it("x", { timeout: 100000 }, async () => {
  const s = await startNatsServer({ more: `debug: true\ntrace: true\nlog_file: "/tmp/nats.log"` })
  for (let k = 0; k < 1; k++) {
    const t0 = Date.now()
    const at = (durable?: string) => connectNats({ url: `nats://127.0.0.1:${s.tcpPort}`, subject: `g${k}`, jetstream: { stream: `g${k}`, ...(durable && { durable }) } })
    const left = await at(), right = await at("ada")
    const log: string[] = []
    left.onEvent((e) => log.push(`${Date.now()-t0} L ${e.kind === "status" ? e.status + (e.error?.message ?? "") : e.kind}`))
    right.onEvent((e) => log.push(`${Date.now()-t0} R ${e.kind === "status" ? e.status + (e.error?.message ?? ""): e.kind}`))
    const r = reader(right)
    await left.send(numbered(1)); await r.next(); log.push("read 1")
    const nc = await wsconnect({ servers: `ws://127.0.0.1:${s.webPort}`, wsFactory: async (w) => ({ socket: new WebSocket(w) as never, encrypted: false }) })
    await (await jetstreamManager(nc)).streams.delete(`g${k}`)
    await nc.close()
    await new Promise((r) => setTimeout(r, 2500))
    await Promise.race([left.send(numbered(2)).then(() => log.push("sent 2")).catch(e => log.push(String(e))), new Promise((r) => setTimeout(r, 1000))])
    const got = await Promise.race([r.next(), new Promise((r) => setTimeout(r, 1000))])
    console.log("LINE", k, JSON.stringify(log), got ? "OK" : "NOTHING")
    await left.close(); await right.close()
  }
  await s.stop()
})
