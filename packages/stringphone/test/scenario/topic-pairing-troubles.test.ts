// What a reviewer broke of pairing over a channel, each as a person would have noticed it.
import { describe, expect, it } from "vitest"
import { addContact, type ContactBook, Identity } from "../../src/identity/index.js"
import type { Contacts, Pairing, PairingRequest } from "../../src/session/index.js"
import {
  type Device,
  device,
  intercept,
  isRekey,
  letIn,
  newPlace,
  type Place,
  textsOf,
} from "./topic-device.js"

const seconds = 1_000
const long = "long ".repeat(500)

/** All that ask in a window, in their order. */
function requestsOf(pairing: Pairing): PairingRequest[] {
  const requests: PairingRequest[] = []
  void (async () => {
    for await (const request of pairing) requests.push(request)
  })()
  return requests
}

/** Why it closed; `open` while it is. */
async function stateOf(pairing: Pairing): Promise<string> {
  return Promise.race([pairing.closed, Promise.resolve().then(() => "open")])
}

async function phoneAndLamp(place: Place): Promise<{ phone: Device; lamp: Device }> {
  return { phone: await device(place, "phone", { found: {} }), lamp: await device(place, "lamp") }
}

/** Both persons see the comparison. */
async function comparing(place: Place, { lamp, phone }: { phone: Device; lamp: Device }) {
  const [window, joining] = [await phone.session.openPairing(), await lamp.session.join()]
  const [atPhone, atLamp] = [requestsOf(window), requestsOf(joining)]
  await place.clock.advance(1 * seconds)
  const [[asked], [shown]] = [atPhone, atLamp] as [[PairingRequest], [PairingRequest]]
  expect(asked.digits).toBe(shown.digits)
  return { window, joining, asked, shown }
}

async function closeAll(...devices: readonly Device[]): Promise<void> {
  for (const { session } of devices) await session.close()
}

describe("pairing", () => {
  it("a person may say no twice, and when it is over", async () => {
    const place = newPlace(1)
    const { lamp, phone } = await phoneAndLamp(place)
    const first = await comparing(place, { lamp, phone })
    // A promise that nobody handles would fail this suite.
    first.shown.refuse()
    first.shown.refuse()
    await place.clock.advance(1 * seconds)
    first.shown.refuse()
    first.asked.refuse()
    expect(await first.shown.outcome).toMatchObject({ kind: "ended", because: "different" })
    expect(await first.asked.outcome).toMatchObject({ kind: "ended", because: "different-there" })
    const second = await comparing(place, { lamp, phone })
    await Promise.all([second.shown.confirm(), second.asked.confirm()])
    await place.clock.advance(5 * seconds)
    second.shown.refuse()
    second.asked.refuse()
    await place.clock.advance(1 * seconds)
    expect(await second.asked.outcome).toMatchObject({ kind: "paired" })
    expect(lamp.session.standing).toBe("member")
    await closeAll(lamp, phone)
    second.shown.refuse()
    await place.clock.advance(1 * seconds)
  })

  it("the channel refuses the new key once: the joiner gets in all the same", async () => {
    const place = newPlace(2)
    let refused = 0
    let isRefusing = false
    intercept(place.network, (_, bytes) => {
      if (!isRefusing || !isRekey(bytes) || refused > 0) return "pass"
      refused += 1
      return "fail"
    })
    const { lamp, phone } = await phoneAndLamp(place)
    await place.clock.advance(1 * seconds)
    const { asked, shown } = await comparing(place, { lamp, phone })
    isRefusing = true
    await Promise.all([shown.confirm(), asked.confirm()])
    await place.clock.advance(15 * seconds)
    expect(refused).toBe(1)
    expect(await asked.outcome).toMatchObject({ kind: "paired" })
    expect(await shown.outcome).toMatchObject({ kind: "paired" })
    const texts = textsOf(lamp.session)
    await phone.session.send("on")
    await place.clock.advance(1 * seconds)
    expect([lamp.session.standing, texts]).toEqual(["member", ["on"]])
    await closeAll(lamp, phone)
  })

  it("a code that is none is refused, and the comparison under way goes on", async () => {
    const place = newPlace(3)
    const { lamp, phone } = await phoneAndLamp(place)
    const { asked, joining, shown } = await comparing(place, { lamp, phone })
    await expect(lamp.session.join({ code: "garbage" })).rejects.toMatchObject({
      name: "UsageError",
    })
    expect(await stateOf(joining)).toBe("open")
    await Promise.all([shown.confirm(), asked.confirm()])
    await place.clock.advance(5 * seconds)
    expect(await shown.outcome).toMatchObject({ kind: "paired" })
    expect(lamp.session.standing).toBe("member")
    await closeAll(lamp, phone)
  })

  it("one that was refused leaves an offline request as it was", async () => {
    const place = newPlace(4)
    const { lamp, phone } = await phoneAndLamp(place)
    const stranger = await device(place, "stranger", { found: {} })
    await lamp.session.acceptInvitation(phone.session.invitation())
    const request = await lamp.session.joinRequest()
    // It confirms the stranger, and then sees its mistake.
    const { shown } = await comparing(place, { lamp, phone: stranger })
    await shown.confirm()
    await place.clock.advance(1 * seconds)
    shown.refuse()
    await place.clock.advance(1 * seconds)
    expect(await shown.outcome).toMatchObject({ kind: "ended", because: "different" })
    await phone.session.acceptJoinRequest(request)
    await place.clock.advance(5 * seconds)
    expect(lamp.session.standing).toBe("member")
    expect(lamp.session.id).toEqual(phone.session.id)
    await closeAll(lamp, phone, stranger)
  })

  it("a window that is no window is refused, and the open one stays", async () => {
    const place = newPlace(5)
    const { lamp, phone } = await phoneAndLamp(place)
    const { asked, shown, window } = await comparing(place, { lamp, phone })
    for (const forMs of [-1, 0, Number.NaN, 600_001]) {
      const refused = phone.session.openPairing({ forMs })
      await expect(refused).rejects.toMatchObject({ name: "UsageError", code: "bad-window" })
    }
    expect(await stateOf(window)).toBe("open")
    await Promise.all([shown.confirm(), asked.confirm()])
    await place.clock.advance(5 * seconds)
    expect(lamp.session.standing).toBe("member")
    await closeAll(lamp, phone)
  })

  it.each([
    ["later", false],
    ["at once, as by two clicks", true],
  ])("a second window closes the first one, and only that: %s", async (_, atOnce) => {
    const place = newPlace(6)
    const { lamp, phone } = await phoneAndLamp(place)
    const open = (): Promise<Pairing> => phone.session.openPairing()
    const [first, second] = atOnce
      ? await Promise.all([open(), open()])
      : [await open(), await open()]
    await place.clock.advance(1 * seconds)
    expect([await stateOf(first), await stateOf(second)]).toEqual(["closed", "open"])
    first.close()
    await place.clock.advance(1 * seconds)
    expect(await stateOf(second)).toBe("open")
    const [atPhone, atLamp] = [requestsOf(second), requestsOf(await lamp.session.join())]
    await place.clock.advance(1 * seconds)
    await Promise.all([...atPhone, ...atLamp].map((request) => request.confirm()))
    await place.clock.advance(5 * seconds)
    expect(lamp.session.standing).toBe("member")
    await closeAll(lamp, phone)
  })

  it.each([0, 20])(
    "the code of a revoked contact is not followed, at %i ms of delay",
    async (ms) => {
      const place = newPlace(7)
      place.network.setFaults({ delayMs: { min: ms, max: ms } })
      const identity = Identity.generate()
      const phone = await device(place, "phone", { found: {}, identity })
      const decision = { state: "revoked", atMs: place.now() } as const
      let book: ContactBook = addContact(
        [],
        { petname: "Lost phone", publicKey: identity.publicKey },
        decision,
      )
      const contacts: Contacts = {
        contacts: () => Promise.resolve(book),
        updateContacts(change) {
          book = change(book)
          return Promise.resolve(book)
        },
      }
      const lamp = await device(place, "lamp", { contacts })
      const window = await phone.session.openPairing({ code: "show" })
      const joining = await lamp.session.join({ code: window.code ?? "" })
      const requests = requestsOf(joining)
      await place.clock.advance(60 * seconds)
      expect([lamp.session.standing, requests]).toEqual(["outside", []])
      expect(await stateOf(joining)).toBe("closed")
      expect(lamp.events.filter(({ kind }) => kind === "joined")).toEqual([])
      await phone.session.rotate()
      await place.clock.advance(5 * seconds)
      expect(lamp.session.standing).toBe("outside")
      await closeAll(lamp, phone)
    },
  )
})

describe("a channel that takes 200 bytes at once", () => {
  it("is enough to pair, to join by mail and to talk", async () => {
    const place = newPlace(8, 200)
    const { lamp, phone } = await phoneAndLamp(place)
    const { asked, shown } = await comparing(place, { lamp, phone })
    await Promise.all([shown.confirm(), asked.confirm()])
    await place.clock.advance(5 * seconds)
    expect(lamp.session.standing).toBe("member")
    const lock = await device(place, "lock")
    await letIn(phone.session, lock.session)
    await place.clock.advance(5 * seconds)
    expect(lock.session.standing).toBe("member")
    const texts = [lamp, lock].map(({ session }) => textsOf(session))
    for (const text of ["on", long, "off"]) await phone.session.send(text)
    await place.clock.advance(2 * seconds)
    for (const heard of texts) expect(heard).toEqual(["on", long, "off"])
    await closeAll(lamp, lock, phone)
  })

  it("brings long and short ones in their order, and tells of nothing missing", async () => {
    const place = newPlace(9, 200)
    const { lamp, phone } = await phoneAndLamp(place)
    await letIn(phone.session, lamp.session)
    await place.clock.advance(5 * seconds)
    const texts = textsOf(lamp.session)
    await Promise.all(["on", long, "off"].map((text) => phone.session.send(text)))
    await place.clock.advance(2 * seconds)
    expect(lamp.events.filter(({ kind }) => kind === "gap")).toEqual([])
    expect(texts).toEqual(["on", long, "off"])
    await closeAll(lamp, phone)
  })
})
