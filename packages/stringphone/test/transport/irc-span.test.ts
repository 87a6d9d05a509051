import { expect, it } from "vitest"
import { ircTransport } from "../../src/transport/irc/index.js"
import { createMemoryTextChannels } from "../../src/transport/memory-text.js"
import { spanTransports } from "../../src/transport/span.js"
import { watchEvents } from "../contract/transport-contract.js"

it("a span tells who goes by another name, on one of its channels or on all", async () => {
  const [one, two] = [createMemoryTextChannels(), createMemoryTextChannels()]
  const span = spanTransports([ircTransport(one.connect("ada")), ircTransport(two.connect("ada"))])
  const events = watchEvents(span)
  one.connect("bob")
  two.connect("bob")
  one.connect("eve")
  await settle()
  one.rename("eve", "dan")
  one.rename("bob", "bo") // is bob on the other channel
  two.rename("bob", "bo")
  await settle()
  expect(events).toEqual([
    { kind: "joined", who: "bob" },
    { kind: "joined", who: "eve" },
    { kind: "renamed", who: "eve", to: "dan" },
    { kind: "joined", who: "bo" },
    { kind: "left", who: "bob" },
  ])
  one.inject({ from: "bo", to: null, text: "hello" })
  one.kick("dan")
  await settle()
  expect(events.slice(5)).toEqual([
    { kind: "cleartext", who: "bo", text: "hello" },
    { kind: "left", who: "dan", reason: "kicked" },
  ])
  await span.close()
})

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5))
}
