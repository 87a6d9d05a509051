import { afterEach, describe, expect, it, vi } from "vitest"
import type {
  BackoffOptions,
  InboxLimits,
  IncomingMessage,
  Transport,
  TransportEvent,
} from "../../src/transport/index.js"

/** How the two ends of a pair should be made. */
export interface PairOptions {
  readonly inbox?: InboxLimits
  /** The left end comes back later than the right one, so that someone listens when it does. */
  readonly backoff?: { readonly left: BackoffOptions; readonly right: BackoffOptions }
}

/** Two transports on one channel. */
export interface Pair {
  readonly left: Transport
  readonly right: Transport
  /** Takes away what is between them, and brings it back at the same address. */
  readonly outage?: Outage
  /** Cleans up behind the two transports, which are closed already. */
  close?(): Promise<void>
}

export interface Outage {
  down(): Promise<void>
  up(): Promise<void>
}

/** What not every channel can do. */
export interface Traits {
  /** Nothing is lost when the reader is slow. */
  readonly pausable: boolean
  /** Its pairs have an `outage`. */
  readonly canFail: boolean
  /** How many messages a slow reader meets; fewer where the server is slow. Default 10 000. */
  readonly flood?: number
}

/** What every transport must do. One suite for all of them. */
export function transportContract(
  name: string,
  makePair: (options: PairOptions) => Promise<Pair>,
  { pausable, canFail, flood: total = 10_000 }: Traits,
): void {
  describe(name, () => {
    let pair: Pair | undefined
    const open = async (options: PairOptions = {}): Promise<Pair> =>
      (pair = await makePair(options))

    afterEach(async () => {
      await Promise.all([pair?.left.close(), pair?.right.close()])
      await pair?.close?.()
      pair = undefined
    })

    it("carries bytes intact, both ways, from none to the most", async () => {
      const { left, right } = await open()
      const { maxMessageBytes } = left.capabilities
      const [atLeft, atRight] = [reader(left), reader(right)]
      for (const length of [0, 1, 256, 65_536, maxMessageBytes]) {
        if (length > maxMessageBytes) continue
        const bytes = pattern(length)
        await left.send(bytes)
        expectSame(await atRight.next(), bytes)
        await right.send(bytes)
        if (left.capabilities.echo) expectSame(await atLeft.next(), bytes)
        expectSame(await atLeft.next(), bytes)
        if (right.capabilities.echo) expectSame(await atRight.next(), bytes)
      }
    })

    it("gives plain Uint8Arrays, each in bytes of its own", async () => {
      const { left, right } = await open()
      await left.send(Uint8Array.of(1, 2, 3))
      const { bytes } = await reader(right).next()
      expect(bytes.constructor).toBe(Uint8Array)
      expect(bytes.buffer.byteLength).toBe(3)
    })

    it("refuses more than the most before sending", async () => {
      const { left } = await open()
      const tooLarge = new Uint8Array(left.capabilities.maxMessageBytes + 1)
      await expect(left.send(tooLarge)).rejects.toMatchObject({
        name: "UsageError",
        code: "message-too-large",
      })
    })

    it("keeps the order", async () => {
      const { left, right } = await open()
      const sent = Array.from({ length: 500 }, (_, i) => left.send(numbered(i)))
      const atRight = reader(right)
      for (let i = 0; i < 500; i++) expect(numberOf(await atRight.next())).toBe(i)
      await Promise.all(sent)
    })

    it("names the sender where messages are addressed", async () => {
      const { left, right } = await open()
      const [atLeft, atRight] = [reader(left), reader(right)]
      await left.send(numbered(1))
      const { from } = await atRight.next()
      if (!right.capabilities.addressed) return expect(from).toBeNull()
      expect(from).toEqual(expect.any(String))
      await right.send(numbered(2), { to: from as string })
      expect(numberOf(await atLeft.next())).toBe(2)
      await expect(right.send(numbered(3), { to: "nobody" })).rejects.toMatchObject({
        code: "not-connected",
      })
    })

    it("closes: ends messages, rejects sends, twice the same", async () => {
      const { left } = await open()
      const statuses = watchStatus(left)
      const next = reader(left).result()
      await Promise.all([left.close(), left.close()])
      await left.close()
      expect(await next).toEqual({ done: true, value: undefined })
      expect(left.status).toBe("closed")
      expect(statuses).toEqual(["closed"])
      await expect(left.send(numbered(1))).rejects.toMatchObject({
        name: "ChannelError",
        code: "closed",
      })
    })

    it("gives up a send when its signal aborts, and forgets the signal afterwards", async () => {
      const { left } = await open()
      await expect(
        left.send(numbered(1), { signal: AbortSignal.abort(new Error("no")) }),
      ).rejects.toMatchObject({ code: "aborted", cause: new Error("no") })
      const { signal } = new AbortController()
      const added = vi.spyOn(signal, "addEventListener")
      const removed = vi.spyOn(signal, "removeEventListener")
      await left.send(numbered(2), { signal })
      const forgotten = removed.mock.calls.map(([, listener]) => listener)
      for (const [, listener] of added.mock.calls) expect(forgotten).toContain(listener)
    })

    it("lets one reader read, and the next one go on", async () => {
      const { left, right } = await open()
      await left.send(numbered(1))
      await left.send(numbered(2))
      for await (const message of right.messages) {
        expect(numberOf(message)).toBe(1)
        expect(() => right.messages[Symbol.asyncIterator]()).toThrow(
          expect.objectContaining({ code: "already-reading" }),
        )
        break
      }
      expect(numberOf(await reader(right).next())).toBe(2)
    })

    it("waits for a slow reader", { timeout: 20_000 }, async () => {
      const { left, right } = await open({ inbox: { maxMessages: 500 } })
      let dropped = 0
      right.onEvent((event) => {
        if (event.kind === "dropped") dropped += event.count
      })
      const sent = Promise.all(Array.from({ length: total }, (_, i) => left.send(numbered(i))))
      await new Promise((resolve) => setTimeout(resolve, 100))
      const atRight = reader(right)
      if (pausable) {
        for (let i = 0; i < total; i++) expect(numberOf(await atRight.next())).toBe(i)
        expect(dropped).toBe(0)
      } else {
        await sent
        await new Promise((resolve) => setTimeout(resolve, 0))
        expect(dropped).toBe(total - 500)
        expect(numberOf(await atRight.next())).toBe(total - 500)
      }
      await sent
    })

    it("answers each message before it reads the next, under a flood", async () => {
      const { left, right } = await open({ inbox: { maxMessages: 100 } })
      const flood = Promise.all(Array.from({ length: 1000 }, (_, i) => left.send(numbered(i))))
      await new Promise((resolve) => setTimeout(resolve, 50)) // until the inbox is full
      const atRight = reader(right)
      for (let i = 0; i < 100; i++) {
        await atRight.next()
        await right.send(numbered(i))
      }
      const rest = readOn(atRight)
      await flood
      await right.close()
      await rest
    })

    if (!canFail) return

    it("comes back after an outage; what was sent meanwhile arrives", async () => {
      const soon = { initialMs: 20, maxMs: 20, random: () => 1 }
      const { left, right, outage } = await open({
        backoff: { left: { initialMs: 300, maxMs: 300, random: () => 1 }, right: soon },
      })
      if (!outage) throw new Error("This pair needs an outage.")
      const statuses = watchStatus(left)
      const atRight = reader(right)
      for (const round of [1, 2]) {
        await outage.down()
        await until(left, "reconnecting")
        const sent = [left.send(numbered(10 * round)), left.send(numbered(10 * round + 1))]
        const given = new AbortController()
        const aborted = left.send(numbered(99), { signal: given.signal })
        given.abort()
        await expect(aborted).rejects.toMatchObject({ code: "aborted" })
        await outage.up()
        await until(right, "open")
        await Promise.all(sent)
        expect(numberOf(await atRight.next())).toBe(10 * round)
        expect(numberOf(await atRight.next())).toBe(10 * round + 1)
      }
      // Once each: nobody handles the messages of an old connection a second time.
      await left.send(numbered(7))
      expect(numberOf(await atRight.next())).toBe(7)
      const changes = statuses.filter((status, i) => status !== statuses[i - 1])
      expect(changes).toEqual(["reconnecting", "open", "reconnecting", "open"])
    })

    it("rejects what waits when closed during an outage", async () => {
      const { left, outage } = await open()
      if (!outage) throw new Error("This pair needs an outage.")
      await outage.down()
      await until(left, "reconnecting")
      const waiting = left.send(numbered(1))
      await left.close()
      await expect(waiting).rejects.toMatchObject({ code: "closed" })
      await outage.up()
    })
  })
}

export interface Reader {
  /** The next message, which must come. */
  next(): Promise<IncomingMessage>
  /** The next message, or the end. */
  result(): Promise<IteratorResult<IncomingMessage>>
}

/** Reads one message at a time; keeps its place. */
export function reader(transport: Transport): Reader {
  const iterator = transport.messages[Symbol.asyncIterator]()
  return {
    result: () => iterator.next(),
    async next() {
      const result = await iterator.next()
      if (result.done) throw new Error("The messages ended.")
      return result.value
    },
  }
}

/** Reads and forgets, until the transport is closed. */
export async function drain(transport: Transport): Promise<void> {
  await readOn(reader(transport))
}

async function readOn(from: Reader): Promise<void> {
  while (!(await from.result()).done);
}

/** Resolves when the transport has this status. */
export function until(transport: Transport, status: Transport["status"]): Promise<void> {
  if (transport.status === status) return Promise.resolve()
  return new Promise((resolve) => {
    const stop = transport.onEvent((event) => {
      if (event.kind !== "status" || event.status !== status) return
      stop()
      resolve()
    })
  })
}

/** All events of one kind, from now on. */
export function watchEvents(transport: Transport): TransportEvent[] {
  const events: TransportEvent[] = []
  transport.onEvent((event) => events.push(event))
  return events
}

export function numbered(n: number): Uint8Array {
  return new TextEncoder().encode(String(n))
}

export function numberOf({ bytes }: IncomingMessage): number {
  return Number(new TextDecoder().decode(bytes))
}

function watchStatus(transport: Transport): string[] {
  const statuses: string[] = []
  transport.onEvent((event) => {
    if (event.kind === "status") statuses.push(event.status)
  })
  return statuses
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff)
}

function expectSame({ bytes }: IncomingMessage, expected: Uint8Array): void {
  // Not toEqual: on a mebibyte it takes a second.
  expect(bytes.length).toBe(expected.length)
  // Not toEqual, which takes seconds for a mebibyte.
  expect(bytes.every((byte, i) => byte === expected[i])).toBe(true)
}
