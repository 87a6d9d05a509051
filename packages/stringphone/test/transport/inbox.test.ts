import { expect, it } from "vitest"
import { Inbox, type InboxLimits } from "../../src/transport/inbox.js"

function makeInbox(limits: InboxLimits, pausable: boolean) {
  const log: string[] = []
  const inbox = new Inbox(limits, {
    dropped: (count) => log.push(`dropped ${count}`),
    ...(pausable && { pause: () => log.push("pause"), resume: () => log.push("resume") }),
  })
  const push = (n: number, length = 1): void =>
    inbox.push({ bytes: new Uint8Array(length).fill(n), from: null })
  return { inbox, log, push, iterator: inbox[Symbol.asyncIterator]() }
}

it("pauses at the high water mark and resumes at half of it, by count", async () => {
  const { log, push, iterator } = makeInbox({ maxMessages: 4 }, true)
  for (let i = 0; i < 6; i++) push(i)
  expect(log).toEqual(["pause"])
  for (let i = 0; i < 3; i++) await iterator.next()
  expect(log).toEqual(["pause"])
  expect((await iterator.next()).value?.bytes).toEqual(Uint8Array.of(3))
  expect(log).toEqual(["pause", "resume"])
})

it("pauses by bytes too", async () => {
  const { log, push, iterator } = makeInbox({ maxBytes: 100 }, true)
  push(1, 60)
  expect(log).toEqual([])
  push(2, 60)
  expect(log).toEqual(["pause"])
  await iterator.next()
  expect(log).toEqual(["pause"])
  await iterator.next()
  expect(log).toEqual(["pause", "resume"])
})

it("drops the oldest where it can not pause, and reports how many at once", async () => {
  const { log, push, iterator } = makeInbox({ maxMessages: 3 }, false)
  for (let i = 0; i < 8; i++) push(i)
  await Promise.resolve()
  expect(log).toEqual(["dropped 5"])
  expect((await iterator.next()).value?.bytes).toEqual(Uint8Array.of(5))
})

it("keeps one message that is larger than the limit by itself", async () => {
  const { log, push, iterator } = makeInbox({ maxBytes: 10 }, false)
  push(1, 5)
  push(2, 50)
  await Promise.resolve()
  expect(log).toEqual(["dropped 1"])
  expect((await iterator.next()).value?.bytes).toHaveLength(50)
})

it("ends after what is here was read, and ignores what comes later", async () => {
  const { inbox, push, iterator } = makeInbox({}, false)
  push(1)
  inbox.end()
  push(2)
  expect((await iterator.next()).value?.bytes).toEqual(Uint8Array.of(1))
  expect((await iterator.next()).done).toBe(true)
  expect((await inbox[Symbol.asyncIterator]().next()).done).toBe(true)
})

it("loses nothing to a reader that stops while it waits", async () => {
  const { inbox, push, iterator } = makeInbox({}, false)
  const waiting = iterator.next()
  await iterator.return?.()
  expect((await waiting).done).toBe(true)
  push(1)
  const next = inbox[Symbol.asyncIterator]()
  expect((await next.next()).value?.bytes).toEqual(Uint8Array.of(1))
})

it("says when a message is dealt with: at the next one, at the end of reading, at closing", async () => {
  const { inbox, iterator } = makeInbox({}, true)
  const settled: number[] = []
  const push = (n: number): void =>
    inbox.push({ bytes: Uint8Array.of(n), from: null }, () => settled.push(n))
  for (const n of [1, 2, 3, 4]) push(n)
  await iterator.next()
  expect(settled).toEqual([])
  await iterator.next()
  expect(settled).toEqual([1])
  await iterator.return?.()
  expect(settled).toEqual([1, 2])
  await inbox[Symbol.asyncIterator]().next()
  inbox.end()
  expect(settled).toEqual([1, 2, 3]) // nobody read the fourth
})

it("says so too when several are asked for at once", async () => {
  const { inbox, iterator } = makeInbox({}, true)
  const settled: number[] = []
  const next = [iterator.next(), iterator.next()]
  for (const n of [1, 2]) {
    inbox.push({ bytes: Uint8Array.of(n), from: null }, () => settled.push(n))
  }
  await Promise.all(next)
  expect(settled).toEqual([1])
})
