import { afterEach, describe, expect, it } from "vitest"
import type { Transport } from "../../src/transport/index.js"
import { numberOf, numbered, reader, watchEvents } from "./transport-contract.js"

/** Comes to the channel of this test, once more. */
export type Connect = (name: string) => Promise<Transport>

/** A channel of its own for each test. */
export type OpenChannel = () => Connect

/** What a transport must do that says `capabilities.retained`. */
export function retainedContract(name: string, openChannel: OpenChannel): void {
  describe(`${name}, what is retained`, () => {
    const { come, arrive } = visitors(openChannel)

    it("is given, marked, to everyone who connects later", async () => {
      arrive()
      const sender = await come("sender")
      expect(sender.capabilities.retained).toBe(true)
      await sender.send(numbered(1), { retain: "card" })
      for (const name of ["early", "late"]) {
        const message = await reader(await come(name)).next()
        expect(numberOf(message)).toBe(1)
        expect(message.retained).toBe(true)
      }
    })

    it("arrives unmarked where one is connected", async () => {
      arrive()
      const [sender, listener] = [await come("sender"), await come("listener")]
      await sender.send(numbered(1), { retain: "card" })
      const message = await reader(listener).next()
      expect(numberOf(message)).toBe(1)
      expect(message.retained).toBeUndefined()
    })

    it("is the last of each slot", async () => {
      arrive()
      const sender = await come("sender")
      await sender.send(numbered(1), { retain: "card" })
      await sender.send(numbered(2), { retain: "clock-2" })
      await sender.send(numbered(3), { retain: "card" })
      const late = reader(await come("late"))
      const numbers = [numberOf(await late.next()), numberOf(await late.next())]
      expect(numbers.sort()).toEqual([2, 3])
      await sender.send(numbered(4))
      const next = await late.next()
      expect([numberOf(next), next.retained]).toEqual([4, undefined])
    })

    it("is cleared by an empty message, which arrives nowhere", async () => {
      arrive()
      const [sender, listener] = [await come("sender"), reader(await come("listener"))]
      await sender.send(numbered(1), { retain: "card" })
      await sender.send(new Uint8Array(0), { retain: "card" })
      await sender.send(numbered(2))
      expect(numberOf(await listener.next())).toBe(1)
      expect(numberOf(await listener.next())).toBe(2)
      const late = reader(await come("late"))
      await sender.send(numbered(3))
      expect(numberOf(await late.next())).toBe(3)
    })

    it("needs a slot with a proper name", async () => {
      arrive()
      const sender = await come("sender")
      for (const retain of ["", "Card", "a/b", "a.b", "+", "x".repeat(33)]) {
        await expect(sender.send(numbered(1), { retain })).rejects.toMatchObject({
          name: "UsageError",
          code: "bad-slot",
        })
      }
      await sender.send(numbered(1), { retain: "x".repeat(32) })
    })
  })
}

/** What a transport must do that says `capabilities.presence`. */
export function presenceContract(name: string, openChannel: OpenChannel): void {
  describe(`${name}, presence`, () => {
    const { come, arrive } = visitors(openChannel)

    it("tells who comes and goes, once each", async () => {
      arrive()
      const ada = await come("ada")
      expect(ada.capabilities.presence).toBe(true)
      const events = watchEvents(ada)
      const bob = await come("bob")
      await expect.poll(() => events).toEqual([{ kind: "joined", who: "bob" }])
      await bob.close()
      await expect.poll(() => events).toHaveLength(2)
      expect(events[1]).toEqual({ kind: "left", who: "bob" })
      const again = await come("bob")
      await expect.poll(() => events).toHaveLength(3)
      expect(events[2]).toEqual({ kind: "joined", who: "bob" })
      await again.close()
    })

    it("does not come up in the messages", async () => {
      arrive()
      const ada = await come("ada")
      const events = watchEvents(ada)
      const bob = await come("bob")
      await expect.poll(() => events).toHaveLength(1)
      await bob.send(numbered(1))
      expect(numberOf(await reader(ada).next())).toBe(1)
    })
  })
}

function visitors(openChannel: OpenChannel) {
  const here: Transport[] = []
  let connect: Connect
  afterEach(async () => {
    await Promise.all(here.splice(0).map((one) => one.close()))
  })
  return {
    arrive(): void {
      connect = openChannel()
    },
    async come(name: string): Promise<Transport> {
      const transport = await connect(name)
      here.push(transport)
      return transport
    },
  }
}
