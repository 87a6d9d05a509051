import { describe, expect, it } from "vitest"
import { freshHome } from "./folder.js"
import { openWindow, pair, startHome } from "./home.js"
import { Phone } from "./phone.js"

describe("letting phones in", () => {
  it("lets in at once who scanned the code, which works once", async () => {
    const { home, ready } = await startHome(freshHome())
    const phone = await Phone.visit(ready.page, { name: "Ada's phone" })
    const code = await openWindow(home)
    expect(code).toMatch(/^stringphone:pair\/[\w-]+$/)
    const { request } = await phone.ask(code)
    expect(request).toMatchObject({ isProven: true, emoji: [], name: ready.devices[0]!.name })
    expect(await request.outcome).toMatchObject({ kind: "paired" })
    expect(await home.next("request")).toMatchObject({ isProven: true, name: "Ada's phone" })
    expect(await home.next("paired")).toMatchObject({
      petname: "Ada's phone",
      isAdmin: true,
      verifiedBy: "code",
      publicKey: phone.publicKey,
    })
    expect(phone.session.isAdmin).toBe(true)

    const late = await Phone.visit(ready.page)
    await late.session.join({ code, forMs: 3_000 }).then(({ closed }) => closed)
    expect(late.session.standing).toBe("outside")
    await home.end()
  })

  it("makes the first phone an admin, and none that comes later", async () => {
    const { home, ready } = await startHome(freshHome())
    const first = await pair(home, ready, { name: "first" })
    const second = await pair(home, ready, { name: "second" })
    expect(first.session.isAdmin).toBe(true)
    expect(second.session.isAdmin).toBe(false)
    await second.hear(({ kind }) => kind === "state")
    await home.end()
  })

  it("lets nobody in whose emoji differ, here or there, and closes after three", async () => {
    const { home, ready } = await startHome(freshHome())
    const phone = await Phone.visit(ready.page, { name: "stranger" })
    await openWindow(home)

    const first = await phone.ask()
    await home.next("request")
    home.type("n")
    expect(await home.next("not-paired")).toMatchObject({ because: "different", name: "stranger" })
    expect(await first.request.outcome).toMatchObject({ because: "different-there" })

    const second = await phone.ask()
    await home.next("request")
    second.request.refuse()
    expect(await home.next("not-paired")).toMatchObject({ because: "different-there" })

    await phone.ask()
    await home.next("request")
    home.type("n")
    expect(await home.next("pairing", ({ open }) => open === false)).toMatchObject({
      because: "too-many-attempts",
    })
    home.type("m")
    const { members } = await home.next("members")
    expect(members).toHaveLength(3)
    expect(phone.session.standing).toBe("outside")
    await home.end()
  })

  it("takes no answer for a phone that took another one's place just now", async () => {
    const { home, ready } = await startHome(freshHome())
    const [first, second] = await Promise.all([
      Phone.visit(ready.page, { name: "first" }),
      Phone.visit(ready.page, { name: "second" }),
    ])
    await openWindow(home)
    const asked = await first.ask()
    await home.next("request", ({ name }) => name === "first")
    const next = second.ask()
    await new Promise((resolve) => setTimeout(resolve, 500))
    asked.pairing.close()
    const { request } = await next
    await request.confirm()
    await home.next("request", ({ name }) => name === "second")
    home.type("y")
    await home.next("notice", ({ text }) => /^Another phone asks now/.test(String(text)))
    expect(second.session.standing).toBe("outside")
    home.type("n")
    await home.next("not-paired", ({ name }) => name === "second")
    await home.end()
  })

  it("waits for both persons, whoever says it first", async () => {
    const { home, ready } = await startHome(freshHome())
    const phone = await Phone.visit(ready.page)
    await openWindow(home)
    const { request } = await phone.ask()
    await home.next("request")
    home.type("y")
    home.type("m")
    expect((await home.next("members"))["members"]).toHaveLength(3)
    expect(phone.session.standing).toBe("outside")
    await request.confirm()
    await home.next("paired")
    await request.outcome
    expect(phone.session.standing).toBe("member")
    await home.end()
  })

  it("hears nobody new when the window is over, by time or by c", async () => {
    const { home, ready } = await startHome(freshHome(), "--pair-seconds", "1")
    const phone = await Phone.visit(ready.page)
    for (const [key, because] of [
      ["", "time"],
      ["c", "person"],
    ] as const) {
      await openWindow(home)
      if (key !== "") home.type(key)
      const closed = await home.next("pairing", ({ open }) => open === false)
      expect(closed).toMatchObject({ because })
      expect(await (await phone.session.join({ forMs: 1_000 })).closed).toBe("timed-out")
    }
    expect(home.events.filter(({ event }) => event === "request")).toEqual([])
    await home.end()
  })

  it("warns of a name that somebody else has", async () => {
    const { home, ready } = await startHome(freshHome())
    await pair(home, ready, { name: "Ada" })
    const other = await Phone.visit(ready.page, { name: "ada" })
    await openWindow(home)
    const { request } = await other.ask()
    expect(await home.next("request")).toMatchObject({ name: "ada", nameClash: "Ada" })
    await request.confirm()
    home.type("y")
    const { petname } = await home.next("paired")
    expect(String(petname).toLowerCase()).not.toBe("ada")
    await home.end()
  })
})
