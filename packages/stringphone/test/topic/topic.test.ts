import { describe, expect, it } from "vitest"
import { fromUtf8 } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import { newRekeyKey, Topic } from "../../src/topic/index.js"

const nowMs = 1_800_000_000_000

describe("a topic", () => {
  it("goes from founding to a bundle, over a restart", () => {
    const alice = Identity.generate()
    const bob = Identity.generate()
    const a = Topic.create({ signer: alice, nowMs, name: "home" })
    a.snapshot().stored()
    const rk = newRekeyKey(nowMs)
    const k = a.change(
      { admit: [{ publicKey: bob.publicKey, serial: rk.serial, rekeyKey: rk.publicKey }] },
      nowMs,
    )
    const b = Topic.join(
      { signer: bob, topicId: a.id, host: alice.publicKey, rekeyKey: rk },
      k,
      nowMs,
    )!
    a.snapshot().stored()
    b.snapshot().stored()
    const m = a.encode("hello")
    expect(m.length).toBe(104)
    const d = b.decode(m, { nowMs })
    expect(d.kind === "message" && fromUtf8(d.payload)).toBe("hello")
    expect(() => b.decode(m, { nowMs })).toThrow("came before")
    expect(a.decode(m, { nowMs }).kind).toBe("own")
    expect(a.decode(b.announcement(), { nowMs }).kind).toBe("control")
    const k2 = a.change({}, nowMs)
    expect(b.decode(k2, { nowMs })).toMatchObject({ kind: "rekey", applied: true, epoch: 3 })
    a.snapshot().stored()
    b.snapshot().stored()
    for (let i = 0; i < 3000; i++) {
      if (a.stored === 0) a.snapshot().stored()
      expect(b.decode(a.encode(`x${i}`), { nowMs }).kind).toBe("message")
    }
    const saved = b.snapshot()
    const b2 = Topic.restore({ signer: bob }, saved)
    expect(b2.decode(a.encodeBundle(["1", "2"]), { nowMs })).toMatchObject({ kind: "bundle" })
  })
})
