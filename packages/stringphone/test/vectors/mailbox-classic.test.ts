// What wcmp_vectors.py wrote: each request answered by our own functions.
import { expect, test } from "vitest"
import { answer, type Answer, type Request } from "../second/mailbox-classic-answers.js"
import written from "./mailbox-classic.json" with { type: "json" }

const requests = written.requests as unknown as readonly {
  readonly name: string
  readonly ask: Request
  readonly answer: Answer
}[]

test.each(requests)("$name", ({ ask, answer: expected }) => {
  expect(answer(ask)).toEqual(expected)
})

test("every kind of request and of refusal is there", () => {
  const kinds = new Set(requests.map(({ ask }) => ask.do))
  expect([...kinds].sort()).toEqual(
    ["create", "decode", "keys", "list", "open", "relay", "unlist", "verify"],
  )
  const errors = requests.flatMap(({ answer: one }) => ("error" in one ? [one.error] : []))
  expect([...new Set(errors)].sort()).toEqual(
    ["bad-key", "bad-receivers", "bad-signature", "decryption-failed", "malformed"],
  )
})
