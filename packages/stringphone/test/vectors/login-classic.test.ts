// What login_classic_vectors.py wrote: each request answered by our own functions.
import { expect, test } from "vitest"
import { answer, type Answer, type Request } from "../second/login-classic-answers.js"
import written from "./login-classic.json" with { type: "json" }

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
    ["accept", "call", "challenge", "check", "decode", "kdf", "prove", "record", "request", "take"],
  )
  const errors = requests.flatMap(({ answer: one }) => ("error" in one ? [one.error] : []))
  expect([...new Set(errors)].sort()).toEqual([
    "bad-exchange",
    "bad-password",
    "bad-signature",
    "costly-challenge",
    "login-refused",
    "malformed",
    "replayed",
    "server-unproven",
    "unknown-token",
    "weak-challenge",
  ])
})
