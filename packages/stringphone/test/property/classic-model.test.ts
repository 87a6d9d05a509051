// A few topics do what a person may do, in any order; a model that knows no cryptography foretells
// every result.
import fc from "fast-check"
import { expect, test } from "vitest"
import { Topic } from "../../src/topic/classic/index.js"
import { errorName, secret } from "../wire/fixtures.js"

interface Person {
  /** Which topic key; `null`: none. */
  key: number | null
  readonly trusts: Set<number>
}

type Sent =
  | { type: "s"; from: number; key: number; payload: string; bytes: Uint8Array }
  | { type: "i"; from: number; bytes: Uint8Array }
  | { type: "r"; from: number; to: number; key: number; bytes: Uint8Array }

interface Model {
  readonly people: Person[]
  readonly channel: Sent[]
}

const size = 3
const who = fc.nat(size - 1)

class Step implements fc.Command<Model, Topic[]> {
  readonly name: string
  readonly act: (model: Model, topics: Topic[]) => void
  readonly check: (model: Readonly<Model>) => boolean
  constructor(name: string, act: Step["act"], possible: Step["check"] = () => true) {
    this.name = name
    this.act = act
    this.check = possible
  }
  run = (model: Model, topics: Topic[]): void => {
    this.act(model, topics)
    model.people.forEach(({ key, trusts }, i) => {
      expect(topics[i]!.topicKey).toEqual(key === null ? null : secret(100 + key))
      const trusted = new Set([...trusts].map((other) => String(topics[other]!.publicKey)))
      expect(new Set(topics[i]!.participants().map((p) => String(p.publicKey)))).toEqual(trusted)
    })
  }
  toString = (): string => this.name
}

function expectedOfDecode(
  me: number,
  { people }: Model,
  sent: Sent,
  naive: boolean,
  ignore: boolean,
) {
  const { key, trusts } = people[me]!
  if (sent.from === me) return "null"
  if (sent.type === "i") return key === null ? "null" : "IntroductionError"
  if (sent.type === "r") return key === null ? "IntroductionReplyError" : "null"
  if (!naive && !trusts.has(sent.from)) return ignore ? "null" : "UntrustedKeyError"
  if (key === null) return "MissingTopicKeyError"
  return key === sent.key ? sent.payload : "DecryptionError"
}

function expectedOfParse(me: number, { people }: Model, sent: Sent): string {
  if (sent.type !== "r") return "MalformedMessageError"
  return String(people[me]!.key === null && sent.to === me)
}

function outcome(run: () => Uint8Array | boolean | null): string {
  let value = ""
  const error = errorName(() => {
    const result = run()
    value = result instanceof Uint8Array ? String.fromCharCode(...result) : String(result)
  })
  return error === "none" ? value : error
}

const commands = [
  fc.tuple(who, who).map(
    ([a, b]) =>
      new Step(`${a} trusts ${b}`, ({ people }, topics) => {
        topics[a]!.addParticipant(topics[b]!.publicKey)
        people[a]!.trusts.add(b)
      }),
  ),
  fc.tuple(who, who).map(
    ([a, b]) =>
      new Step(`${a} trusts ${b} no longer`, ({ people }, topics) => {
        expect(topics[a]!.removeParticipant(topics[b]!.id)).toBe(people[a]!.trusts.delete(b))
      }),
  ),
  fc.tuple(who, fc.option(fc.nat(1))).map(
    ([a, key]) =>
      new Step(`${a} takes key ${String(key)}`, ({ people }, topics) => {
        topics[a]!.topicKey = key === null ? null : secret(100 + key)
        people[a]!.key = key
      }),
  ),
  fc
    .tuple(
      who,
      fc.string().map((text) => `> ${text}`),
    )
    .map(
      ([a, payload]) =>
        new Step(`${a} says ${JSON.stringify(payload)}`, ({ people, channel }, topics) => {
          const { key } = people[a]!
          if (key === null) {
            expect(errorName(() => topics[a]!.encode(payload))).toBe("MissingTopicKeyError")
          } else {
            channel.push({ type: "s", from: a, key, payload, bytes: topics[a]!.encode(payload) })
          }
        }),
    ),
  who.map(
    (a) =>
      new Step(`${a} introduces itself`, ({ channel }, topics) => {
        channel.push({ type: "i", from: a, bytes: topics[a]!.constructIntro() })
      }),
  ),
  fc.tuple(who, fc.nat()).map(
    ([a, which]) =>
      new Step(
        `${a} replies to message ${which}`,
        ({ people, channel }, topics) => {
          const sent = channel[which % channel.length]!
          const { key } = people[a]!
          const reply = () => topics[a]!.constructReply(sent.bytes)
          if (key === null) expect(errorName(reply)).toBe("MissingTopicKeyError")
          else if (sent.type !== "i") expect(errorName(reply)).toBe("MalformedMessageError")
          else channel.push({ type: "r", from: a, to: sent.from, key, bytes: reply() })
        },
        ({ channel }) => channel.length > 0,
      ),
  ),
  fc.tuple(who, fc.nat(), fc.boolean(), fc.boolean()).map(
    ([a, which, naive, ignoreUntrusted]) =>
      new Step(
        `${a} decodes message ${which}${naive ? " naively" : ""}`,
        (model, topics) => {
          const sent = model.channel[which % model.channel.length]!
          const decoded = outcome(() => topics[a]!.decode(sent.bytes, { naive, ignoreUntrusted }))
          expect(decoded).toBe(expectedOfDecode(a, model, sent, naive, ignoreUntrusted))
        },
        ({ channel }) => channel.length > 0,
      ),
  ),
  fc.tuple(who, fc.nat()).map(
    ([a, which]) =>
      new Step(
        `${a} parses message ${which}`,
        (model, topics) => {
          const sent = model.channel[which % model.channel.length]!
          const expected = expectedOfParse(a, model, sent)
          expect(outcome(() => topics[a]!.parseReply(sent.bytes))).toBe(expected)
          if (expected === "true" && sent.type === "r") model.people[a]!.key = sent.key
        },
        ({ channel }) => channel.length > 0,
      ),
  ),
]

test("topics do what the model foretells", () => {
  const setup = () => ({
    model: {
      people: Array.from({ length: size }, () => ({ key: null, trusts: new Set<number>() })),
      channel: [],
    },
    real: Array.from(
      { length: size },
      (_, i) => new Topic({ signingKeySeed: secret(i + 1), encryptionPrivateKey: secret(i + 11) }),
    ),
  })
  fc.assert(
    fc.property(fc.commands(commands, { size: "medium", maxCommands: 60 }), (steps) =>
      fc.modelRun(setup, steps),
    ),
    { numRuns: 80 },
  )
})
