import { fingerprint, trustOf } from "stringphone/identity"
import { describe, expect, it } from "vitest"
import { RoomDesk } from "../src/room/desk.js"
import { findRoomMember, memberName } from "../src/room/member-name.js"
import { RequestBook } from "../src/room/request-book.js"
import { type Shown, shownText } from "../src/room/shown.js"
import { emojiList } from "stringphone/topic/pairing"
import { paintFor } from "../src/terminal/paint.js"
import {
  alice,
  captain,
  carol,
  contactOf,
  member,
  messageOf,
  requestOf,
  ScriptedRing,
  ScriptedRoom,
  statusOf,
  stranger,
  us,
} from "./room-script.js"

const paint = paintFor({ isTTY: false })

class Stage {
  readonly room = new ScriptedRoom()
  readonly ring = new ScriptedRing()
  readonly shown: Shown[] = []
  readonly desk = new RoomDesk({
    session: this.room,
    ring: this.ring,
    address: "irc://127.0.0.1/#kitchen",
    channel: "#kitchen",
    show: (shown) => this.shown.push(shown),
    onChange: () => {},
  })

  get text(): string {
    return this.shown.map((one) => shownText(one, paint, 500)).join("\n")
  }

  /** @returns what was printed for it, or why it was refused */
  async type(input: string): Promise<string> {
    const before = this.shown.length
    const taken = this.desk.take(input)
    if ("refusal" in taken) return `refused: ${taken.refusal}`
    await taken.done
    return this.shown
      .slice(before)
      .map((one) => shownText(one, paint, 500))
      .join("\n")
  }
}

describe("what is typed", () => {
  it("is said, and shown once, although the session gives it back, too", async () => {
    const { desk, room, ...stage } = new Stage()
    void desk.read()
    const taken = desk.take("hi")
    expect(taken).toHaveProperty("done")
    await desk.settled()
    room.receive(messageOf("hello"))
    await expect.poll(() => stage.shown.length).toBe(2)
    expect(room.asked).toEqual(["say hi"])
    expect(stage.shown.map((one) => one.kind === "message" && one.message.text)).toEqual([
      "hi",
      "hello",
    ])
    await room.close()
  })

  it.each(["outside", "joining", "removed", "stranded"] as const)(
    "is not sent while %s",
    async (phase) => {
      const stage = new Stage()
      stage.room.change({ phase })
      expect(await stage.type("secret")).toMatch(/^refused: .*Nothing is sent/)
      expect(await stage.type("/me secret")).toMatch(/^refused: .*Nothing is sent/)
      expect(stage.room.asked).toEqual([])
    },
  )

  it("is never sent when it looks like a command", async () => {
    const stage = new Stage()
    expect(await stage.type("/kcik bob")).toMatch(/^refused: There is no command "\/kcik"/)
    await stage.type("//kick is a command")
    await stage.type("/me cooks")
    expect(stage.room.asked).toEqual(["say /kick is a command", "say \x01ACTION cooks\x01"])
  })

  it("says so when it can not be sent", async () => {
    const stage = new Stage()
    stage.room.failure = new Error("The server is gone.")
    const taken = stage.desk.take("hi")
    expect("done" in taken && (await taken.done)).toBe("unsent")
    expect(stage.text).toBe("⚠ Not sent. The server is gone.")
  })
})

describe("commands", () => {
  it("reach the session, with names as they are shown", async () => {
    const stage = new Stage()
    stage.room.change({ isCaptain: true })
    await stage.type("/kick carol~3fa94c")
    await stage.type("/kick carol_")
    await stage.type("/captain @alice")
    await stage.type("/rotate")
    await stage.type("/takeover")
    expect(stage.room.asked).toEqual([
      "remove carol~3fa94c",
      "remove carol~3fa94c",
      "abdicate alice",
      "rotate",
      "take over",
    ])
    expect(await stage.type("/kick")).toMatch(/^⚠ Say who/)
    expect(await stage.type("/kick bob")).toMatch(/^⚠ That is you/)
    expect(await stage.type("/kick eve")).toBe("⚠ Nobody in the room is called eve.")
    stage.room.change({ isCaptain: false })
    expect(await stage.type("/kick alice")).toBe("⚠ Only the captain can remove somebody.")
    expect(await stage.type("/captain alice")).toMatch(/^⚠ Only the captain/)
    expect(await stage.type("/captain")).toBe("· alice is captain.")
  })

  it("show who is there, and who listens in", async () => {
    const stage = new Stage()
    stage.room.change({ strangers: ["eve", "x y"], title: "Who cooks?" })
    const members = await stage.type("/members")
    expect(members.split("\n").map((row) => row.slice(2))).toEqual([
      expect.stringMatching(
        /^✓ alice, verified, captain, on the channel as alice, key [0-9a-f]{8}$/,
      ),
      expect.stringMatching(/^• you, on the channel as bob, key/),
      expect.stringMatching(/^\? carol~3fa94c, unverified, on the channel as carol_, key/),
    ])
    const who = await stage.type("/who")
    expect(who).toContain("“Who cooks?” at irc://127.0.0.1/#kitchen")
    expect(who).toContain('not what: eve, "x y"')
    expect(await stage.type("/digits")).toContain("1234 5678 9012")
    expect(await stage.type("/help")).toContain("/takeover")
  })

  it("leave only when it is meant", async () => {
    const stage = new Stage()
    expect(await stage.type("/leave")).toMatch(/^⚠ To leave is for good/)
    expect(stage.room.asked).toEqual([])
    const taken = stage.desk.take("/leave yes")
    expect("done" in taken && (await taken.done)).toBe("left")
    const quit = stage.desk.take("/quit")
    expect("done" in quit && (await quit.done)).toBe("quit")
    expect(stage.room.asked).toEqual([])
  })
})

describe("who asks to be let in", () => {
  it("has a number, and is admitted or declined by it", async () => {
    const stage = new Stage()
    const first = requestOf()
    const second = requestOf({
      id: "r2",
      ownName: "alice",
      nameClash: contactOf(alice, "alice"),
    })
    expect(await stage.type("/admit")).toBe("⚠ Nobody asks to be let in.")
    stage.room.change({ requests: [first, second] })
    stage.desk.hear({ kind: "request", request: first })
    stage.desk.hear({ kind: "request", request: first })
    stage.desk.hear({ kind: "request", request: second })
    expect(stage.shown).toHaveLength(3)
    expect(stage.text).toContain("/admit 1 lets them in")
    expect(stage.text).toContain(fingerprint(carol.publicKey).words.join(" "))
    expect(stage.text).toContain("Careful: your contact alice has another key.")
    expect(await stage.type("/admit")).toBe("⚠ Several ask. Give a number: 1, 2.")
    await stage.type("/admit 1")
    await stage.type("/decline 2 Who are you?")
    await stage.type("/decline carol")
    expect(stage.room.asked).toEqual(["admit r1", "decline r2 Who are you?", "decline r1 -"])
  })

  it("keeps its number while others come and go", () => {
    const book = new RequestBook()
    const [one, two] = [requestOf(), requestOf({ id: "r2" })]
    book.meet(one)
    book.meet(two)
    expect(book.find([two], "2")).toBe(two)
    expect(() => book.find([two], "1")).toThrow("Nobody of that name or number asks.")
    expect(() => book.find([one, two], "carol")).toThrow("Several ask by that name.")
  })
})

describe("verifying", () => {
  it("shows words, digits and emoji with names, and remembers the answer", async () => {
    const stage = new Stage()
    const comparison = await stage.type("/verify carol")
    const { digits, words } = fingerprint(carol.publicKey)
    expect(comparison).toContain(words.join(" "))
    expect(comparison).toContain(digits)
    const said = emojiList.filter(({ name, symbol }) => comparison.includes(`${symbol} ${name}`))
    expect(said.length).toBeGreaterThan(7)
    expect(stage.ring.book).toHaveLength(1)

    expect(await stage.type("/verify carol yes")).toContain("is verified.")
    expect(stage.room.asked).toEqual(["refresh"])
    expect(stage.ring.book[1]).toMatchObject({ petname: "carol", publicKey: carol.publicKey })
    expect(trustOf(stage.ring.book[1]!)).toMatchObject({ state: "verified", by: "words" })
  })

  it("takes what the other one reads aloud, and a petname", async () => {
    const stage = new Stage()
    const { digits } = fingerprint(carol.publicKey)
    expect(await stage.type(`/verify carol ${digits} as Carol C.`)).toContain("is verified.")
    expect(stage.ring.book[1]?.petname).toBe("Carol C.")
    const wrong = fingerprint(alice.publicKey).words.join(" ")
    expect(await stage.type(`/verify carol ${wrong}`)).toMatch(/^⚠ That is not the key of/)
    expect(await stage.type("/verify carol maybe")).toMatch(/^⚠ A fingerprint is 8 words/)
  })

  it("shows our own key, and does not vouch for one that is not proven", async () => {
    const stage = new Stage()
    expect(await stage.type("/verify")).toContain(fingerprint(us.publicKey).words.join(" "))
    stage.room.change({ members: [captain, us, { ...stranger, trust: "unproven" }] })
    expect(await stage.type("/verify carol yes")).toMatch(/^⚠ In this deniable room/)
    expect(stage.ring.book).toHaveLength(1)
  })
})

describe("names of members", () => {
  it("can not pass for more than a name", () => {
    expect(memberName(captain)).toBe("alice")
    expect(memberName(stranger)).toBe("carol~3fa94c")
    expect(memberName(member(carol, "alice ✓"))).toBe('"alice ✓"')
    expect(memberName({ name: "x", contact: contactOf(alice, "Bob W") })).toBe('"Bob W"')
  })

  it("prefer what is certain to what the channel says", () => {
    const impostor = member(carol, "eve~000000", { channelName: "alice" })
    const { members } = statusOf({ members: [captain, us, impostor] })
    expect(findRoomMember(members, "alice")).toBe(captain)
    expect(findRoomMember(members, "eve")).toBe(impostor)
    const twins = [member(alice, "eve~111111"), impostor]
    expect(() => findRoomMember(twins, "eve")).toThrow("Several members are called that")
  })
})
