// Scan or paste, spec/topic.md §9.9: the code says who it is, and nobody compares.
import { describe, expect, test } from "vitest"
import { makePairingCode, type PairingCode } from "../../src/topic/pairing/index.js"
import { compared, Host, identityOf, Joiner, seededRandom } from "./pairing-devices.js"

function codeOf(role: PairingCode["role"], name: string, seed = "code"): PairingCode {
  return makePairingCode(role, identityOf(name).publicKey, "", seededRandom(seed))
}

/** Everything that each one says reaches the other one, until both are silent. */
function exchange(joiner: Joiner, host: Host): void {
  for (let round = 0; round < 9; round++) {
    for (const message of joiner.take()) host.hear(message)
    for (const message of host.take()) joiner.hear(message)
  }
}

const withoutSends = (kinds: string[]) => kinds.filter((kind) => kind !== "send")

describe("the right code", () => {
  test("shown by the host, scanned by the joiner", () => {
    const code = codeOf("host", "Host")
    const [joiner, host] = [new Joiner().open(code), new Host().open(code)]
    exchange(joiner, host)
    expect(withoutSends(joiner.kinds())).toEqual(["scanned", "ready"])
    expect(withoutSends(host.kinds())).toEqual(["scanned", "ready"])
    expect(host.get("ready").profile.name).toBe("Joiner")
    expect(joiner.get("ready").profile.name).toBe("Host")
    // Three messages of the joiner, two of the host.
    expect(joiner.kinds().filter((kind) => kind === "send").length).toBe(3)
    expect(host.kinds().filter((kind) => kind === "send").length).toBe(2)
  })

  test("shown by the joiner, scanned by the host", () => {
    const code = codeOf("joiner", "Joiner")
    const [joiner, host] = [new Joiner().open(code), new Host().open(code)]
    exchange(joiner, host)
    expect(withoutSends(joiner.kinds())).toEqual(["scanned", "ready"])
    expect(withoutSends(host.kinds())).toEqual(["scanned", "ready"])
  })

  test("a host that shows a code also hears who compares; one that scanned hears nobody else", () => {
    const host = new Host().open(codeOf("host", "Host"))
    const joiner = new Joiner()
    compared(joiner, host)
    expect(host.find("compare")).toBeDefined()
    const scanner = new Host().open(codeOf("joiner", "Other"))
    expect(scanner.hear(new Joiner().open().takeOne()).take()).toEqual([])
  })
})

describe("a secret works once", () => {
  test("used by a host's window", () => {
    const code = codeOf("host", "Host")
    const host = new Host().open(code)
    exchange(new Joiner("First").open(code), host)
    const second = new Joiner("Second").open(code)
    exchange(second, host)
    expect(host.kinds().filter((kind) => kind === "ready").length).toBe(1)
    expect(second.kinds()).toEqual(["send"])
    // Those who compare are heard still.
    compared(new Joiner("Third"), host)
    expect(host.get("compare").profile.name).toBe("Third")
  })

  test("used by a joiner's code, nobody is heard any more", () => {
    const code = codeOf("joiner", "Joiner")
    const host = new Host().open(code)
    exchange(new Joiner().open(code), host)
    exchange(new Joiner("Joiner", "again").open(code), host)
    exchange(new Joiner("Other").open(), host)
    expect(withoutSends(host.kinds())).toEqual(["scanned", "ready"])
  })

  test("also by who waited in the line with it", () => {
    const code = codeOf("host", "Host")
    const host = new Host().open(code)
    const [first, second] = [new Joiner("First").open(code), new Joiner("Second").open(code)]
    host.hear(first.takeOne()).hear(second.takeOne())
    exchange(first, host)
    expect(withoutSends(host.kinds())).toEqual(["waiting", "scanned", "ready", "waiting"])
    expect(host.currentPhase).toBeNull()
  })

  test("an eavesdropper that repeats the ID in clear does not use it up", () => {
    const code = codeOf("host", "Host")
    const host = new Host().open(code)
    const joiner = new Joiner().open(code)
    const offer = joiner.takeOne()
    const stolen = new Joiner("Mallory").open().takeOne()
    stolen.set(offer.subarray(17, 25), 17)
    host.hear(stolen).hear(offer).take()
    for (const nowMs of [2_000, 4_000, 6_000, 8_000])
      host.tick(nowMs).hear(joiner.tick(nowMs).takeOne())
    host.take()
    joiner.hear(host.tick(10_000).takeOne())
    exchange(joiner, host)
    expect(host.get("ready").profile.name).toBe("Joiner")
  })
})

describe("a person refuses whom a code proved [TOPIC-9-8]", () => {
  /** Both know each other; the joiner's '5' was not heard. */
  function scanned(role: PairingCode["role"]) {
    const code = codeOf(role, role === "host" ? "Host" : "Joiner")
    const [joiner, host] = [new Joiner().open(code), new Host().open(code)]
    host.hear(joiner.takeOne())
    const reveal = host.hear(joiner.hear(host.takeOne()).takeOne()).takeOne()
    return { joiner, host, confirmation: joiner.hear(reveal).takeOne() }
  }

  test.each(["host", "joiner"] as const)("the host's, with a %s's code", (role) => {
    const { confirmation, host, joiner } = scanned(role)
    expect(host.currentPhase).toBe("confirmed-by-us")
    joiner.hear(host.decide(false, host.get("scanned").session).takeOne())
    expect(host.get("ended").because).toBe("closed")
    expect(host.state).toMatchObject({ failures: 1, paired: [] })
    host.hear(confirmation)
    expect(host.find("ready")).toBeUndefined()
    // Nobody compared: it is no warning.
    expect(joiner.get("ended")).toMatchObject({ because: "cancelled-by-peer", reason: "stopped" })
  })

  test.each(["host", "joiner"] as const)("the joiner's, with a %s's code", (role) => {
    const { confirmation, host, joiner } = scanned(role)
    expect(joiner.state.phase).toBe("waiting")
    const { session } = joiner.get("ready")
    host.hear(joiner.decide(false, session).takeOne()).hear(confirmation)
    expect(joiner.get("ended")).toMatchObject({ because: "closed", session })
    expect(joiner.state.phase).toBe("idle")
    expect(host.get("ended")).toMatchObject({ because: "cancelled-by-peer", reason: "stopped" })
    expect(host.find("ready")).toBeUndefined()
  })

  test("after the joiner's '5' the host takes nothing back", () => {
    const { confirmation, host } = scanned("host")
    const before = host.hear(confirmation).state
    expect(host.decide(false, host.get("ready").session).state).toEqual(before)
    expect([host.take(), host.find("ended")]).toEqual([[], undefined])
  })
})

describe("a wrong code", () => {
  test("another secret: the host does not even answer", () => {
    const host = new Host().open(codeOf("host", "Host", "one"))
    const joiner = new Joiner().open(codeOf("host", "Host", "two"))
    exchange(joiner, host)
    expect([...host.kinds(), ...withoutSends(joiner.kinds())]).toEqual([])
  })

  test("a joiner that has the ID in clear, and not the secret: its '3' does not open", () => {
    const code = codeOf("host", "Host")
    const [mallory, host] = [new Joiner("Mallory").open(code), new Host().open(code)]
    if (mallory.state.phase !== "offered") throw new Error("not offered")
    const { id } = mallory.state.oneTimeSecret
    mallory.state = { ...mallory.state, oneTimeSecret: { id, secret: new Uint8Array(32) } }
    mallory.hear(host.hear(mallory.takeOne()).takeOne())
    expect(() => host.hear(mallory.takeOne())).toThrow(/not by the device/)
    expect(host.currentPhase).toBe("offering")
  })

  test("a host that has the ID in clear, and not the secret, can not read the '3'", () => {
    const code = codeOf("host", "Host")
    const [joiner, mallory] = [new Joiner().open(code), new Host().open(code)]
    mallory.hear(joiner.takeOne())
    const { state } = mallory
    if (state.phase !== "open" || state.current?.phase !== "offering") throw new Error("no offer")
    const { id } = state.current.oneTimeSecret
    const oneTimeSecret = { id, secret: new Uint8Array(32) }
    mallory.state = { ...state, current: { ...state.current, oneTimeSecret } }
    joiner.hear(mallory.takeOne())
    expect(() => mallory.hear(joiner.takeOne())).toThrow(/not by the device/)
    expect(withoutSends(joiner.kinds())).toEqual([])
  })

  test("the joiner finds another key than the code's: it says nothing and keeps nothing", () => {
    const code = codeOf("host", "Host")
    const impostor = new Host("Mallory").open({
      ...code,
      keyHash: codeOf("host", "Mallory").keyHash,
    })
    const joiner = new Joiner().open(code)
    exchange(joiner, impostor)
    expect(withoutSends(joiner.kinds())).toEqual(["ended"])
    expect(joiner.get("ended").because).toBe("mismatch")
    expect(impostor.find("ready")).toBeUndefined()
  })

  test("the host finds another key than the code's", () => {
    const code = codeOf("joiner", "Joiner")
    const host = new Host().open(code)
    const own = codeOf("joiner", "Mallory")
    const mallory = new Joiner("Mallory").open({ ...own, secret: code.secret })
    exchange(mallory, host)
    expect(withoutSends(host.kinds())).toEqual(["ended"])
    expect(host.get("ended").because).toBe("mismatch")
    expect(withoutSends(mallory.kinds())).toEqual([])
    // The secret is burnt.
    exchange(new Joiner().open(code), host)
    expect(host.find("ready")).toBeUndefined()
  })

  test("a session without a code can not be turned into one with it, nor the other way round", () => {
    const code = codeOf("host", "Host")
    const joiner = new Joiner().open(code)
    const offer = joiner.takeOne()
    const host = new Host().open()
    offer.fill(0, 17, 25)
    joiner.hear(host.hear(offer).takeOne())
    expect(() => host.hear(joiner.takeOne())).toThrow(/not by the device/)
  })

  test("scanned by a device on the same side, the person is told", () => {
    expect(() => new Joiner().open(codeOf("joiner", "Other"))).toThrow(/wants to join/)
    expect(() => new Host().open(codeOf("host", "Other"))).toThrow(/is in a topic/)
  })

  test("a scanned joiner that is silent afterwards is given up after 30 s", () => {
    const code = codeOf("host", "Host")
    const [joiner, host] = [new Joiner().open(code), new Host().open(code)]
    host.hear(joiner.hear(host.hear(joiner.takeOne()).takeOne()).takeOne())
    host.tick(29_999)
    expect(host.currentPhase).toBe("confirmed-by-us")
    host.tick(30_000)
    expect(host.get("ended").because).toBe("timed-out")
  })
})
