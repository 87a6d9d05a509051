// Whoever is on the channel between two devices that pair, spec/topic.md §9 and 10.
import { describe, expect, test } from "vitest"
import { concat, fromHex, u8 } from "../../src/bytes/index.js"
import { exchange, exchangePublicKey } from "../../src/crypto/index.js"
import {
  derivePairingKeys,
  hostCommitment,
  joinerCommitment,
  noOneTimeSecret,
  transcriptOf,
} from "../../src/topic/pairing/keys.js"
import { encodeHostProfile, encodeJoinerProfile } from "../../src/topic/pairing/profile.js"
import { type Agreed, makeHostReveal, makeJoinerReveal } from "../../src/topic/pairing/reveal.js"
import { sealOnce } from "../../src/topic/pairing/sealing.js"
import { decodeAnswer, encodeAnswer } from "../../src/topic/pairing/wire/answer.js"
import { encodeHostReveal } from "../../src/topic/pairing/wire/host-reveal.js"
import {
  decodeJoinerReveal,
  encodeJoinerReveal,
} from "../../src/topic/pairing/wire/joiner-reveal.js"
import { decodeOffer, encodeOffer } from "../../src/topic/pairing/wire/offer.js"
import points from "../vectors/crypto/x25519-low-order.json" with { type: "json" }
import { eachBit, flipped, secret } from "../wire/fixtures.js"
import {
  compared,
  Host,
  hostContext,
  Joiner,
  joinerContext,
  seededRandom,
  sessionOf,
} from "./pairing-devices.js"

/** The error's code; `"none"` when it was taken. Each device checks that its state did not change. */
function refusal(run: () => unknown): string {
  try {
    run()
    return "none"
  } catch (error) {
    expect((error as Error).name).toBe("PeerError")
    return (error as { code: string }).code
  }
}

describe("a man in the middle", () => {
  test(
    "who runs two sessions: in 200 of 200 runs the persons see something else",
    { timeout: 60_000 },
    () => {
      const seen = new Set<string>()
      for (let run = 0; run < 200; run++) {
        const [joiner, host] = [new Joiner("Ada", `${run}`), new Host("Bob", `${run}`).open()]
        // Names are free to choose: only the comparison tells.
        const falseHost = new Host("Bob", `mallory ${run}`).open()
        const falseJoiner = new Joiner("Ada", `mallory ${run}`)
        compared(joiner, falseHost)
        compared(falseJoiner, host)
        const shown = [joiner.get("compare").comparison, host.get("compare").comparison] as const
        expect(shown[0].digits).not.toBe(shown[1].digits)
        expect(shown[0].emoji).not.toEqual(shown[1].emoji)
        for (const { digits } of shown) seen.add(digits)
      }
      expect(seen.size).toBe(400)
    },
  )

  test("who changes the '1': the host can not open the '3'", () => {
    const [joiner, host] = [new Joiner(), new Host().open()]
    const offer = decodeOffer(joiner.open().takeOne())
    const changed = encodeOffer({ ...offer, commitment: secret(1) })
    joiner.hear(host.hear(changed).takeOne())
    expect(refusal(() => host.hear(joiner.takeOne()))).toBe("not-authentic")
  })

  test("who puts its own ephemeral key or commitment into the '2'", () => {
    for (const change of [
      { ephemeralKey: exchangePublicKey(secret(7)) },
      { commitment: secret(1) },
    ]) {
      const [joiner, host] = [new Joiner(), new Host().open()]
      const answer = decodeAnswer(host.hear(joiner.open().takeOne()).takeOne())
      joiner.hear(encodeAnswer({ ...answer, ...change }))
      expect(refusal(() => host.hear(joiner.takeOne()))).toBe("not-authentic")
      expect(host.find("compare")).toBeUndefined()
    }
  })

  test("who puts its own ephemeral key into the '3'", () => {
    const [joiner, host] = [new Joiner(), new Host().open()]
    const answer = host.hear(joiner.open().takeOne()).takeOne()
    const reveal = decodeJoinerReveal(joiner.hear(answer).takeOne())
    const ephemeralKey = exchangePublicKey(secret(7))
    const changed = encodeJoinerReveal({ ...reveal, ephemeralKey })
    expect(refusal(() => host.hear(changed))).toBe("not-authentic")
    expect(host.currentPhase).toBe("offering")
  })

  test("keys of low order, in a '2' and in a '3'", () => {
    const [joiner, host] = [new Joiner(), new Host().open()]
    const answer = host.hear(joiner.open().takeOne()).takeOne()
    for (const { point } of points.lowOrder) {
      const weak = encodeAnswer({ ...decodeAnswer(answer), ephemeralKey: fromHex(point) })
      expect(refusal(() => joiner.hear(weak))).toBe("bad-key")
    }
    const reveal = decodeJoinerReveal(joiner.hear(answer).takeOne())
    for (const { point } of points.lowOrder) {
      const weak = encodeJoinerReveal({ ...reveal, ephemeralKey: fromHex(point) })
      expect(refusal(() => host.hear(weak))).toBe("bad-key")
    }
    host.hear(encodeJoinerReveal(reveal))
    expect(host.find("compare")).toBeDefined()
  })

  test("a second '2' is not answered: it would be a second guess [TOPIC-9-7]", () => {
    const [joiner, host] = [new Joiner(), new Host().open()]
    const answer = host.hear(joiner.open().takeOne()).takeOne()
    const other = encodeAnswer({ ...decodeAnswer(answer), commitment: secret(1) })
    joiner.hear(answer).take()
    const before = joiner.state
    expect(joiner.hear(other).take()).toEqual([])
    expect(joiner.state).toBe(before)
  })
})

/** What a joiner or host of our own making needs to cheat. */
const ephemeral = { secretKey: secret(7), publicKey: exchangePublicKey(secret(7)) }

function agreedByHost(offer: Uint8Array, commitment: Uint8Array, joinerKey: Uint8Array): Agreed {
  const { commitment: joinerCommitment, secretId, session } = decodeOffer(offer)
  const parts = { session, secretId, joinerCommitment, hostCommitment: commitment }
  const keys = { hostEphemeralKey: ephemeral.publicKey, joinerEphemeralKey: joinerKey }
  const transcript = transcriptOf({ ...parts, ...keys })
  const exchanged = exchange(ephemeral.secretKey, joinerKey)!
  return { transcript, keys: derivePairingKeys(exchanged, noOneTimeSecret, transcript) }
}

function agreedByJoiner(offer: Uint8Array, answer: Uint8Array): Agreed {
  const { commitment, secretId, session } = decodeOffer(offer)
  const { commitment: hostCommitment, ephemeralKey } = decodeAnswer(answer)
  const parts = { session, secretId, joinerCommitment: commitment, hostCommitment }
  const keys = { hostEphemeralKey: ephemeralKey, joinerEphemeralKey: ephemeral.publicKey }
  const transcript = transcriptOf({ ...parts, ...keys })
  const exchanged = exchange(ephemeral.secretKey, ephemeralKey)!
  return { transcript, keys: derivePairingKeys(exchanged, noOneTimeSecret, transcript) }
}

describe("a host that cheats", () => {
  const mallory = hostContext("Mallory")
  const profile = encodeHostProfile(mallory.signer.card(), mallory)
  const salt = secret(3).slice(0, 16)
  const commitment = hostCommitment(ephemeral.publicKey, salt, profile)

  /** A joiner that answered our '2', and what we agreed on. */
  function answered(announced = commitment) {
    const joiner = new Joiner()
    const offer = joiner.open().takeOne()
    const session = sessionOf(offer)
    const { publicKey } = ephemeral
    joiner.hear(encodeAnswer({ session, ephemeralKey: publicKey, commitment: announced }))
    const { ephemeralKey } = decodeJoinerReveal(joiner.takeOne())
    return { joiner, session, agreed: agreedByHost(offer, announced, ephemeralKey) }
  }

  test("as it should be, it would be compared", () => {
    const { agreed, joiner, session } = answered()
    joiner.hear(makeHostReveal(mallory.signer, agreed, session, salt, profile))
    expect(joiner.get("compare").profile.name).toBe("Mallory")
  })

  test.each([
    [
      "another profile than it announced",
      { profile: encodeHostProfile(mallory.signer.card(), { ...mallory, name: "Bob" }) },
    ],
    ["another salt", { salt: secret(4).slice(0, 16) }],
    ["signed by another", { signer: hostContext("Other").signer }],
  ])("%s: it is over, and the joiner says nothing [TOPIC-9-5]", (_, change) => {
    const { agreed, joiner, session } = answered()
    const told = { signer: mallory.signer, salt, profile, ...change }
    joiner.hear(makeHostReveal(told.signer, agreed, session, told.salt, told.profile))
    expect(joiner.kinds()).toEqual(["send", "send", "ended"])
    expect(joiner.get("ended").because).toBe("mismatch")
    expect(joiner.take()).toEqual([])
    expect(joiner.state.phase).toBe("idle")
  })

  test("announces bytes that are no profile", () => {
    const broken = profile.with(0, 2)
    const announced = hostCommitment(ephemeral.publicKey, salt, broken)
    const { agreed, joiner, session } = answered(announced)
    joiner.hear(makeHostReveal(mallory.signer, agreed, session, salt, broken))
    expect(joiner.get("ended").because).toBe("mismatch")
  })

  test("signs for another purpose", () => {
    const { agreed, joiner, session } = answered()
    const signature = mallory.signer.sign("topic pairing joiner", agreed.transcript)
    const sealed = sealOnce(concat(salt, profile, signature), agreed.keys.hostKey)
    joiner.hear(encodeHostReveal({ session, sealed }))
    expect(joiner.get("ended").because).toBe("mismatch")
  })

  test("a '4' by a stranger does not end it", () => {
    const { agreed, joiner, session } = answered()
    const sealed = sealOnce(concat(salt, profile, new Uint8Array(64)), secret(1))
    expect(refusal(() => joiner.hear(encodeHostReveal({ session, sealed })))).toBe("not-authentic")
    joiner.hear(makeHostReveal(mallory.signer, agreed, session, salt, profile))
    expect(joiner.find("compare")).toBeDefined()
  })
})

describe("a joiner that cheats", () => {
  const mallory = joinerContext("Mallory")
  const profile = encodeJoinerProfile(mallory.signer.card(), mallory)

  /** A host that answered our '1', and what we agreed on. */
  function answered(
    host: Host,
    announced = profile,
    session = seededRandom(`${host.log.length}`)(16),
  ) {
    const commitment = joinerCommitment(ephemeral.publicKey, announced)
    const offer = encodeOffer({ session, secretId: new Uint8Array(8), commitment })
    host.take()
    const agreed = agreedByJoiner(offer, host.hear(offer).takeOne())
    return { session, agreed, offer }
  }

  test("as it should be, it would be compared", () => {
    const host = new Host().open()
    const { agreed, session } = answered(host)
    host.hear(makeJoinerReveal(mallory.signer, agreed, session, ephemeral.publicKey, profile))
    expect(host.get("compare").profile.name).toBe("Mallory")
  })

  test("another profile than it announced: as if it were a stranger's, nothing happened", () => {
    const host = new Host().open()
    const { agreed, session } = answered(host)
    const other = encodeJoinerProfile(mallory.signer.card(), { ...mallory, name: "Ada" })
    const { publicKey } = ephemeral
    const changed = makeJoinerReveal(mallory.signer, agreed, session, publicKey, other)
    expect(refusal(() => host.hear(changed))).toBe("bad-commitment")
    expect(host.currentPhase).toBe("offering")
  })

  test("a stranger that saw the '2' can not end the session with a '3' of its own", () => {
    const [joiner, host] = [new Joiner(), new Host().open()]
    const offer = joiner.open().takeOne()
    const answer = host.hear(offer).takeOne()
    const agreed = agreedByJoiner(offer, answer)
    const { publicKey } = ephemeral
    const ours = makeJoinerReveal(mallory.signer, agreed, sessionOf(offer), publicKey, profile)
    expect(refusal(() => host.hear(ours))).toBe("bad-commitment")
    host.hear(joiner.hear(answer).takeOne())
    expect(host.get("compare").profile.name).toBe("Joiner")
  })

  test.each([
    ["signed by another", profile, joinerContext("Other").signer],
    [
      "a card of another, without its key",
      encodeJoinerProfile(joinerContext("Ada").signer.card(), mallory),
      mallory.signer,
    ],
    ["bytes that are no profile", profile.with(0, 2), mallory.signer],
    ["a name longer than it says", concat(profile, u8(0)), mallory.signer],
  ])("%s: it is over, and the host says nothing [TOPIC-9-5]", (_, announced, signer) => {
    const host = new Host().open()
    const { agreed, session } = answered(host, announced)
    host.hear(makeJoinerReveal(signer, agreed, session, ephemeral.publicKey, announced))
    expect(host.kinds()).toEqual(["send", "ended"])
    expect(host.get("ended").because).toBe("mismatch")
    expect(host.currentPhase).toBeNull()
  })

  test("three times: the window closes, for each was a guess that no person saw", () => {
    const host = new Host().open()
    for (let i = 0; i < 3; i++) {
      const { agreed, session } = answered(host)
      const { signer } = joinerContext("Other")
      host.hear(makeJoinerReveal(signer, agreed, session, ephemeral.publicKey, profile))
    }
    expect(host.log.at(-1)).toEqual({ kind: "closed", because: "too-many-attempts" })
  })
})

describe("old sessions", () => {
  test("replayed to the same host, in the same window and in the next one", () => {
    const [joiner, host] = [new Joiner(), new Host().open()]
    const messages = [...compared(joiner, host), joiner.decide(true).takeOne()]
    host.decide(true).hear(messages[4]!)
    const { length } = host.kinds().filter((kind) => kind === "ready")
    host.take()
    for (const message of messages) expect(refusal(() => host.hear(message))).toBe("none")
    expect(host.take()).toEqual([])

    host.run({ kind: "close" })
    host.open().nowMs = 300_000
    host.open()
    const outcomes = messages.map((message) => refusal(() => host.hear(message)))
    expect(outcomes).toEqual(["none", "none", "not-authentic", "none", "none"])
    expect(host.currentPhase).toBe("offering")
    expect(host.kinds().filter((kind) => kind === "ready").length).toBe(length)
    expect(host.kinds().filter((kind) => kind === "compare").length).toBe(1)
  })

  test("replayed to a joiner that asks again", () => {
    const [joiner, host] = [new Joiner(), new Host().open()]
    const messages = compared(joiner, host)
    const cancellation = host.decide(false).takeOne()
    joiner.hear(cancellation).open().take()
    const before = joiner.state
    for (const message of [...messages, cancellation]) joiner.hear(message)
    expect(joiner.state).toBe(before)
    expect(joiner.take()).toEqual([])
  })

  test("a '5' of one session says nothing in another one", () => {
    const [first, second] = [new Joiner("First"), new Joiner("Second")]
    const [other, host] = [new Host("Other").open(), new Host().open()]
    compared(first, other)
    const [offer] = compared(second, host)
    host.decide(true)
    const forged = first.decide(true).takeOne()
    forged.set(sessionOf(offer!), 1)
    expect(refusal(() => host.hear(forged))).toBe("not-authentic")
    expect(host.find("ready")).toBeUndefined()
  })
})

describe("every bit of every message flipped, every truncation, one byte too many", () => {
  /** Runs the rest of the way as the channel should, both persons saying "the same". */
  function trustAfter(joiner: Joiner, host: Host): string[] {
    for (let round = 0; round < 6; round++) {
      for (const message of joiner.take()) refusal(() => host.hear(message))
      for (const message of host.take()) refusal(() => joiner.hear(message))
      if (joiner.find("compare")) joiner.decide(true)
      if (host.find("compare")) host.decide(true)
    }
    const trusting = { Joiner: joiner.find("ready"), Host: host.find("ready") }
    return Object.entries(trusting).flatMap(([name, ready]) => (ready ? [name] : []))
  }

  /** Both, after so many messages were exchanged; the next one is the one that is changed. */
  function after(count: number): { joiner: Joiner; host: Host; next: Uint8Array } {
    const [joiner, host] = [new Joiner(), new Host().open()]
    let next = joiner.open().takeOne()
    const steps = [
      () => host.hear(next).takeOne(),
      () => joiner.hear(next).takeOne(),
      () => host.hear(next).takeOne(),
      () => joiner.hear(next).decide(true).takeOne(),
    ]
    for (const step of steps.slice(0, count)) next = step()
    return { joiner, host, next }
  }

  /** Who trusts in the end, when message `index` came changed and never as it was. */
  function outcomes(
    index: number,
    changes: (message: Uint8Array) => Iterable<Uint8Array>,
  ): string[] {
    const start = after(index)
    const toHost = index % 2 === 0
    const trusted = new Set<string>()
    let wentOn = 0
    for (const changed of changes(start.next)) {
      const joiner = copyOf(start.joiner, new Joiner("Joiner", "again"))
      const host = copyOf(start.host, new Host("Host", "again"))
      const receiver = toHost ? host : joiner
      const { length } = receiver.log
      const before = receiver.state
      refusal(() => receiver.hear(changed))
      // Steps are pure: all that change nothing and say nothing go on alike, and once is enough.
      const isIgnored = receiver.state === before && receiver.log.length === length
      if (isIgnored && wentOn++ > 0) continue
      for (const name of trustAfter(joiner, host)) trusted.add(name)
    }
    return [...trusted]
  }

  function copyOf<D extends Joiner | Host>(device: D, copy: D): D {
    copy.state = device.state
    for (const effect of device.log) (copy.log as unknown[]).push(effect)
    return copy
  }

  function* flips(message: Uint8Array): Iterable<Uint8Array> {
    const bits: number[] = []
    eachBit(0, message.length, (bit) => bits.push(bit))
    for (const bit of bits) yield flipped(message, bit)
  }

  function* cuts(message: Uint8Array): Iterable<Uint8Array> {
    for (let length = 0; length < message.length; length++) yield message.slice(0, length)
    yield concat(message, u8(0))
  }

  // Before its '5', a joiner confirmed already: it may apply what its host, and nobody else, signs.
  test.each([
    ["1", 0, []],
    ["2", 1, []],
    ["3", 2, []],
    ["4", 3, []],
    ["5", 4, ["Joiner"]],
  ] as const)("'%s' ends without trust", { timeout: 60_000 }, (_, index, trusting) => {
    expect(outcomes(index, flips)).toEqual(trusting)
    expect(outcomes(index, cuts)).toEqual(trusting)
  })

  test("'6': the session goes on", () => {
    const [joiner, host] = [new Joiner(), new Host().open()]
    compared(joiner, host)
    const cancellation = joiner.decide(false).takeOne()
    const before = host.state
    for (const changed of [...flips(cancellation), ...cuts(cancellation)]) {
      refusal(() => host.hear(changed))
      expect(host.state).toBe(before)
    }
    host.hear(cancellation)
    expect(host.find("ended")).toBeDefined()
  })
})
