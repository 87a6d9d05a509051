// What topic_vectors.py wrote, whose beginning tells the shape, by our own functions.
import { describe, expect, test } from "vitest"
import { concat, fromHex, hex } from "../../src/bytes/index.js"
import { exchange, exchangePublicKey, hash, labelled, open, seal } from "../../src/crypto/index.js"
import { Identity } from "../../src/identity/index.js"
import { openData } from "../../src/topic/data-message.js"
import { blockKeyOf, branchKeyOf, leafKeyOf, nextChainKey } from "../../src/topic/key-chain.js"
import { padmeLength } from "../../src/bytes/index.js"
import { emojiList, pairingKeyHash } from "../../src/topic/pairing/index.js"
import { deriveOneTimeSecret, derivePairingKeys } from "../../src/topic/pairing/keys.js"
import { findKey } from "../../src/topic/receiving-keys.js"
import { rekeyBodyKey, slotInfo } from "../../src/topic/schedule.js"
import { skipBlocks, takeBlock } from "../../src/topic/sending-keys.js"
import { openSlot, sealSlot, zeroNonce } from "../../src/topic/slot.js"
import { decodeData, encodeDataHeader } from "../../src/topic/wire/data.js"
import { decodeRekey, decodeRekeyBody, encodeRekeyBody } from "../../src/topic/wire/rekey.js"
import { type Answer, answer, comparable, type Request } from "../second/topic-answers.js"
import written from "./topic.json" with { type: "json" }

interface Named {
  readonly name: string
  /** The epoch that the requests are about. */
  readonly in?: keyof typeof written.epochs
}

interface Example extends Named {
  readonly make?: Request
  readonly made?: Answer
  readonly open?: Request
  readonly opened?: Answer
}

interface Refusal extends Named {
  readonly rule: string
  readonly reason: string
  readonly request: Request
}

interface Pairing extends Named {
  readonly joiner: Request
  readonly host: Request
  readonly messages: Readonly<Partial<Record<`message${1 | 2 | 3 | 4 | 5 | 6}`, string>>>
  readonly joinerMakes: Answer
  readonly hostMakes: Answer
}

const { derivations, epochs, identities } = written
const derived = derivations.requests as unknown as readonly Required<Example>[]
const examples = written.examples as unknown as readonly Example[]
const refusals = written.refusals as unknown as readonly Refusal[]
const pairings = written.pairings as unknown as readonly Pairing[]

/** With the epoch that it is about. */
function placed({ in: place }: Named, request: Request): Request {
  if (!place) return request
  const { body, channelName, epochSecret } = epochs[place]
  return { body, channelName, epochSecret, ...request }
}

/** What ours says, as far as it says it. */
function ask(one: Named, request: Request): Answer {
  return answer(placed(one, request))
}

describe("identities", () => {
  test.each(Object.entries(identities))("%s", (_, person) => {
    const identity = new Identity(fromHex(person.seed))
    expect(hex(identity.publicKey)).toBe(person.publicKey)
    expect(hex(identity.card())).toBe(person.card)
    expect(hex(exchangePublicKey(fromHex(person.rekeySecret)))).toBe(person.rekeyKey)
  })
})

describe("derivations", () => {
  test.each(Object.entries(epochs))("epoch: %s", (_, epoch) => {
    const { commitment, context, senders } = epoch
    expect(answer({ do: "derive", ...epoch })).toEqual({ commitment, senders })
    expect(answer({ do: "context", ...epoch })).toEqual({ context })
  })

  test.each(derived)("$name", (one) => {
    expect(ask(one, one.make)).toEqual(comparable(one.make, one.made))
  })

  test("Padmé of all lengths up to 300", () => {
    expect(derivations.padme.map((_, length) => padmeLength(length))).toEqual(derivations.padme)
  })

  test("the list of emoji", () => {
    expect(emojiList.map(({ name, symbol }) => `${symbol} ${name}`)).toEqual(derivations.emoji)
  })

  test("a block of a chain, step by step, to send and to receive", () => {
    const { blockKey, branches, chainKey, leaves, nextBlock } = derivations.chain
    const first = fromHex(chainKey)
    expect(hex(nextChainKey(first))).toBe(nextBlock)
    expect(hex(blockKeyOf(first))).toBe(blockKey)
    expect(branches.map((_, i) => hex(branchKeyOf(fromHex(blockKey), i)))).toEqual(branches)
    const ours = branches.map((branch) =>
      branches.map((_, i) => hex(leafKeyOf(fromHex(branch), i))),
    )
    expect(ours).toEqual(leaves)
    const { keys } = takeBlock({ chainKey: first, block: 0 })
    const receiving = { chainKey: first, block: 0, counters: 0, kept: [] }
    leaves.flat().forEach((leaf, counter) => {
      const sent = keys.next()
      expect({ counter: sent.counter, key: hex(sent.key) }).toEqual({ counter, key: leaf })
      expect(hex(findKey(receiving, counter).key)).toBe(leaf)
    })
  })

  const farKeys = derived.filter(({ make }) => make.do === "keys")
  test.each(farKeys)("$name, to send and to receive", ({ made, make }) => {
    const chainKey = fromHex(make.chainKey!)
    const counter = make.counter!
    const { keys } = takeBlock(skipBlocks({ chainKey, block: 0 }, counter >> 8))
    for (let i = 0; i < counter % 256; i++) keys.next()
    const sent = keys.next()
    expect([sent.counter, hex(sent.key)]).toEqual([counter, made["leaf"]])
    const receiving = { chainKey, block: 0, counters: 0, kept: [] }
    expect(hex(findKey(receiving, counter).key)).toBe(made["leaf"])
  })

  test.each([
    ["rekey", derivations.rekeySlot, slotInfo(derivations.rekeySlot.epoch)],
    ["removal", derivations.removalSlot, labelled("topic removal slot")],
  ])("the slot of a %s", (_, slot, info) => {
    expect(hex(info)).toBe(slot.info)
    const ephemeral = {
      secretKey: fromHex(slot.ephemeralSecret),
      publicKey: fromHex(slot.ephemeralKey),
    }
    const rekeyKey = fromHex(slot.rekeyKey)
    expect(hex(exchange(ephemeral.secretKey, rekeyKey)!)).toBe(slot.shared)
    expect(exchangePublicKey(ephemeral.secretKey)).toEqual(ephemeral.publicKey)
    const sealed = sealSlot(fromHex(slot.plain), ephemeral, rekeyKey, info)!
    expect([hex(sealed.hint), hex(sealed.sealed)]).toEqual([slot.hint, slot.sealed])
    expect(hex(open(sealed.sealed, zeroNonce, fromHex(slot.key), new Uint8Array(0))!)).toBe(
      slot.plain,
    )
    const secretKey = fromHex(slot.rekeySecret)
    const ours = [{ serial: 0, secretKey, publicKey: rekeyKey, usedMs: null }]
    expect(hex(openSlot([sealed], ephemeral.publicKey, ours, info)!.plaintext)).toBe(slot.plain)
  })

  test("the body of a rekey", () => {
    const { body, epochSecret, key, message, outer, outerHash } = derivations.rekeyBody
    const decoded = decodeRekey(fromHex(message))
    expect(hex(decoded.outer)).toBe(outer)
    expect(hex(hash(decoded.outer))).toBe(outerHash)
    expect(hex(rekeyBodyKey(fromHex(epochSecret), decoded.outer))).toBe(key)
    const sealed = seal(fromHex(body), zeroNonce, fromHex(key), decoded.outer)
    expect(hex(sealed)).toBe(hex(decoded.sealedBody))
    const { body: read, signature } = decodeRekeyBody(fromHex(body))
    expect(hex(concat(encodeRekeyBody(read), signature))).toBe(body)
  })

  test("a data message", () => {
    const { dataMessage } = derivations
    const { commitment, context } = epochs.three
    const { ad, content, message, messageKey, nonce, seed, signature, signed } = {
      ...Object.fromEntries(Object.entries(dataMessage).map(([key, text]) => [key, fromHex(text)])),
    } as Record<keyof typeof dataMessage, Uint8Array>
    const { header } = decodeData(message)
    const binding = concat(fromHex(commitment), fromHex(context))
    const associated = concat(encodeDataHeader(header), binding)
    expect(associated).toEqual(ad)
    expect(labelled("topic message", associated, content)).toEqual(signed)
    const sender = new Identity(seed)
    expect(sender.sign("topic message", concat(associated, content))).toEqual(signature)
    expect(nonce).toEqual(concat(header.guard, new Uint8Array(16)))
    const sealed = seal(concat(signature, content), nonce, messageKey, ad)
    expect(concat(encodeDataHeader(header), sealed)).toEqual(message)
    expect(openData(message, binding, messageKey, sender.publicKey)).toEqual(content)
  })

  test("a code", () => {
    const { keyHash, oneTimeSecret, publicKey, secret, secretId } = derivations.code
    expect(hex(pairingKeyHash(fromHex(publicKey)))).toBe(keyHash)
    const derivedSecret = deriveOneTimeSecret(fromHex(secret))
    expect(hex(derivedSecret.secret)).toBe(oneTimeSecret)
    expect(hex(derivedSecret.id)).toBe(secretId)
  })
})

describe("examples", () => {
  const opened = ({ make, opened }: Example): Answer =>
    make?.content ? { content: make.content, ...opened } : { ...opened }

  const toOpen = examples.filter((one) => one.open !== undefined)
  test.each(toOpen)("opened: $name", (one) => {
    const found = ask(one, { ...one.made, ...one.open! })
    expect(found).toMatchObject(comparable(one.open!, opened(one)))
  })

  // Texts and fragments have nothing random in them; what fits is left whole by ours.
  const exact = toOpen.filter(
    ({ make, name }) =>
      ["makeCode", "makeJoin", "makeInvitation", "makeFragments"].includes(make?.do ?? "") &&
      name !== "a whole message as one fragment",
  )
  test.each(exact)("made, byte for byte: $name", (one) => {
    expect(ask(one, one.make!)).toEqual(one.made)
  })

  const roundTrips = toOpen.filter(({ make, open }) => make && open?.epochSecret === undefined)
  test.each(roundTrips)("made anew and opened: $name", (one) => {
    const made = ask(one, one.make!)
    if (one.name === "a whole message as one fragment") {
      expect(made).toEqual({ fragments: [one.make!.message] })
      return
    }
    const expected = comparable(one.open!, opened(one))
    // Our own epoch secret is another one.
    if (one.open!.do === "openRekey") Object.assign(expected, { commitment: made["commitment"] })
    expect(ask(one, { ...made, ...one.open! })).toMatchObject(expected)
  })
})

describe("pairings", () => {
  test.each(pairings)("$name", (one) => {
    const sixth = one.messages.message6
    /** Each side hears what the other one sent. */
    const heard = ({ cancel }: Request): Request => {
      const { message6: _, ...messages } = one.messages
      return { do: "", ...messages, ...(sixth && cancel !== undefined && { message6: sixth }) }
    }
    const joiner = answer({ ...heard(one.host), ...one.joiner })
    const host = answer({ ...heard(one.joiner), ...one.host })
    const found = written.pairings.find(({ name }) => name === one.name)!.keys
    const {
      comparison: comparisonBytes,
      oneTimeSecret,
      secretId,
      shared,
      transcript,
      ...keys
    } = found
    const pairingKeys = { ...keys, comparisonBytes }
    expect(joiner).toEqual({ ...one.joinerMakes, keys: pairingKeys })
    expect(host).toEqual({ ...one.hostMakes, keys: pairingKeys })
    expect([joiner["transcript"], host["transcript"]]).toEqual([transcript, transcript])

    const theirKey = exchangePublicKey(fromHex(one.host.ephemeralSecret!))
    expect(hex(exchange(fromHex(one.joiner.ephemeralSecret!), theirKey)!)).toBe(shared)
    const secret = { secret: fromHex(oneTimeSecret), id: fromHex(secretId) }
    const made = derivePairingKeys(fromHex(shared), secret, fromHex(transcript))
    const inHex = Object.entries(made).map(([name, key]) => [name, hex(key as Uint8Array)])
    expect(Object.fromEntries(inHex)).toEqual(pairingKeys)
  })
})

/** What Python refuses and ours does not, and why. */
const accepted = new Map([
  [
    "rekey: a slot too few",
    "one whose rekey key gives an all-zero DH has none (7.1), so that their number tells nothing",
  ],
  [
    "rekey: a slot too many",
    "the admin that signed them may seal its secret to anybody; no rule asks receivers to count",
  ],
  [
    "host: '1' without a secret ID where there is a code",
    "a host that shows a code also hears joiners without one, who compare (9.9)",
  ],
])

describe("refusals", () => {
  test.each(refusals)("$name ($rule: $reason)", (one) => {
    const { error } = ask(one, one.request)
    if (accepted.has(one.name)) expect(error).toBeUndefined()
    else expect(error).toMatch(/^(PeerError|UsageError|Ignored): /)
  })

  test("only what is not for us is ignored, without an error", () => {
    const ignored = refusals.flatMap((one) => {
      const error = ask(one, one.request).error ?? ""
      return error.startsWith("Ignored") ? [`${one.rule} ${error}`] : []
    })
    expect([...new Set(ignored)]).toEqual([
      "0.1 Ignored: other",
      "3.1 Ignored: behind",
      "5.2 Ignored: incomplete",
      "5.2 Ignored: other",
      "7.1 Ignored: no slot",
      "8.1 Ignored: other",
      "8.5 Ignored: other",
      "9.1 Ignored: no answer",
      "9.4 Ignored: no answer", // a secret ID that we do not know
    ])
  })
})
