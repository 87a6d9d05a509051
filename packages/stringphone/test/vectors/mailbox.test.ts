// Our own mailbox against vectors that a second implementation wrote from the specification.
import { expect, test } from "vitest"
import { concat, fromHex, hex, utf8 } from "../../src/bytes/index.js"
import { hash } from "../../src/crypto/index.js"
import { shapeFor } from "../../src/mailbox/envelope.js"
import { sizes, slotCounts } from "../../src/mailbox/wire/envelope.js"
import type { Answer, Ask, Json } from "../second/json.js"
import { answer, hasTask } from "../second/mailbox-answers.js"
import vectors from "./mailbox.json" with { type: "json" }

interface Vector {
  readonly name: string
  readonly ask: Ask
  readonly answer: Answer
}
interface Refusal extends Omit<Vector, "answer"> {
  readonly rule: string
}
interface Slot {
  readonly random?: string
  readonly randomFrom?: string
}
interface Large extends Omit<Vector, "answer"> {
  readonly contentZeros: number
  readonly id: string
}

const requests = vectors.requests as unknown as readonly Vector[]
const refusals = vectors.refusals as unknown as readonly Refusal[]
const large = vectors.large as unknown as readonly Large[]

/** Ours makes the smallest envelope that will do. */
function isSmallest({ ask }: Vector): boolean {
  if (ask.do !== "makeEnvelope") return true
  const real = (ask["slots"] as readonly Slot[]).filter(({ random }) => random === undefined)
  const { size, slotCount } = shapeFor((ask["content"] as string).length / 2, real.length)
  return (
    size === sizes[ask["sizeCode"] as number] && slotCount === slotCounts[ask["slotCode"] as number]
  )
}
/** Ours shows nothing of what says nothing. */
const isShown = ({ ask, answer: { kind } }: Vector) => ask.do !== "readMail" || kind !== 3

/** What ours does not give away. */
function known({ rank: _, introduction: __, ...rest }: Answer, { do: what }: Ask): Answer {
  return what === "wordsSlot" ? { tag: rest["tag"]! } : rest
}

test.each(requests.filter((one) => hasTask(one.ask.do) && isSmallest(one) && isShown(one)))(
  "$name",
  ({ answer: expected, ask }) => {
    expect(answer(ask)).toEqual(known(expected, ask))
  },
)

test.each(requests.filter((one) => !isShown(one)))("$name: nothing is shown", ({ ask }) => {
  expect(answer(ask)).toEqual({ error: "PeerError: not-ours" })
})

test.each(refusals)("refused: $name ($rule)", ({ ask }) => {
  expect(answer(ask)["error"]).toMatch(/^(Peer|Usage)Error: [a-z-]+$/)
})

test.each(large)("$name", ({ ask, contentZeros, id }) => {
  const slots = (ask["slots"] as readonly Slot[]).map(({ randomFrom, ...slot }) => {
    if (randomFrom === undefined) return slot
    const halves = [0, 1].map((half) => hash(utf8(`${randomFrom} ${half}`)))
    return { random: hex(concat(...halves)) }
  }) as unknown as Json
  const content = "00".repeat(contentZeros)
  const { envelope, id: made } = answer({ ...ask, slots, content })
  expect(made).toBe(id)
  const { slotKey, tag } = (ask["slots"] as readonly Record<string, string>[]).at(-1)!
  const opened = answer({ do: "openEnvelope", envelope: envelope!, slotKey: slotKey!, tag: tag! })
  expect(opened).toEqual({ contentKey: ask["contentKey"], content })
  expect(fromHex(envelope as string)).toHaveLength(sizes[ask["sizeCode"] as number]!)
})
