import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { Eavesdropper } from "../src/server/eavesdropper.js"
import { EavesdropperRoute } from "../src/server/eavesdropper-route.js"

/** A data message as a broker sees one: header, then bytes without a meaning. */
function data(counter: number, type = "M", epoch = 3): Uint8Array {
  const bytes = new Uint8Array(120).fill(0xa5)
  bytes[0] = type.charCodeAt(0)
  new DataView(bytes.buffer).setUint16(1, epoch)
  new DataView(bytes.buffer).setUint32(7, counter)
  return bytes
}

function counterOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(7)
}

function differingBits(a: Uint8Array, b: Uint8Array): readonly number[] {
  return [...a].flatMap((byte, at) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => ((byte ^ b[at]!) >> bit) & 1).map(() => at),
  )
}

describe("an eavesdropper at the broker", () => {
  it("flips one bit of one message, behind its header", () => {
    const eavesdropper = new Eavesdropper(() => {})
    expect(eavesdropper.act("flip")).toBe("done")
    const [at, ...others] = differingBits(data(1), eavesdropper.pass(data(1))!)
    expect(at).toBeGreaterThanOrEqual(19)
    expect(others).toEqual([])
    expect(eavesdropper.pass(data(2))).toEqual(data(2))
  })

  it("drops one message, and no control message or what it does not know", () => {
    const eavesdropper = new Eavesdropper(() => {})
    eavesdropper.act("drop")
    for (const type of "CKQ1F") expect(eavesdropper.pass(data(1, type))).not.toBeNull()
    expect(eavesdropper.pass(Uint8Array.of(77))).not.toBeNull()
    expect(eavesdropper.pass(data(2))).toBeNull()
    expect(eavesdropper.pass(data(3))).toEqual(data(3))
  })

  it("replays what went through, not what it swallowed", () => {
    const sent: Uint8Array[] = []
    const eavesdropper = new Eavesdropper((message) => sent.push(message))
    expect(eavesdropper.act("replay")).toBe("nothing-recorded")
    eavesdropper.pass(data(1))
    eavesdropper.act("drop")
    eavesdropper.pass(data(2))
    expect(eavesdropper.act("replay")).toBe("done")
    expect(sent).toEqual([data(1)])
  })

  it("replays nothing of an epoch that is over", () => {
    const sent: Uint8Array[] = []
    const eavesdropper = new Eavesdropper((message) => sent.push(message))
    eavesdropper.pass(data(1))
    eavesdropper.act("flip")
    eavesdropper.pass(data(0, "M", 4))
    expect(eavesdropper.act("replay")).toBe("nothing-recorded")
    eavesdropper.pass(data(1, "M", 4))
    expect(eavesdropper.act("replay")).toBe("done")
    expect(sent).toEqual([data(1, "M", 4)])
  })

  it("invents the next message of who spoke last, control messages counted", () => {
    const sent: Uint8Array[] = []
    const eavesdropper = new Eavesdropper((message) => sent.push(message))
    expect(eavesdropper.act("inject")).toBe("nothing-recorded")
    eavesdropper.pass(data(7))
    eavesdropper.pass(data(8, "C"))
    eavesdropper.act("inject")
    const [forged] = sent as [Uint8Array]
    expect(forged.subarray(0, 7)).toEqual(data(7).subarray(0, 7))
    expect(counterOf(forged)).toBe(9)
    expect(forged.length).toBeGreaterThanOrEqual(99)
    expect(forged.subarray(11, 19)).not.toEqual(data(7).subarray(11, 19))
  })

  it("takes no more orders than it can remember", () => {
    const eavesdropper = new Eavesdropper(() => {})
    const outcomes = Array.from({ length: 9 }, () => eavesdropper.act("drop"))
    expect(outcomes.slice(0, 8)).toEqual(Array(8).fill("done"))
    expect(outcomes.at(-1)).toBe("busy")
  })

  it("tells its page in a sentence why it can not", async () => {
    const route = new EavesdropperRoute((action) => new Eavesdropper(() => {}).act(action))
    const server = createServer((request, response) => route.answer(request, response))
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/eavesdropper`
    const post = (body: string): Promise<Response> => fetch(url, { method: "POST", body })
    const replay = await post('{"do":"replay"}')
    expect(replay.status).toBe(409)
    expect(await replay.text()).toMatch(/^No message of a device .*\.\n$/)
    expect((await post('{"do":"flip"}')).status).toBe(204)
    expect((await post("{")).status).toBe(400)
  })
})
