import { describe, expect, it } from "vitest"
import { freshHome } from "./folder.js"
import { json, Running, stringphone } from "./program.js"
import { bob, foundKitchen, listen, meet, pairWithBob } from "./topic.js"

describe("two shells pair", () => {
  it("by emoji: both screens show the same seven, with names and digits", async () => {
    const shells = await foundKitchen()
    const { asked, joining, offered, pairing } = await meet(shells, ["--petname", "Robert"])
    expect(asked).toMatchObject({ role: "host", name: "bob", isProven: false, petname: null })
    expect(asked["emoji"]).toEqual(offered["emoji"])
    expect(asked["digits"]).toEqual(offered["digits"])
    expect(asked["emoji"]).toHaveLength(7)
    expect(asked["digits"]).toMatch(/^\d{4} \d{4} \d{4}$/)

    joining.type("y")
    await joining.next("confirmed")
    // One side alone decides nothing.
    const { members: alone } = await json(shells.folder, ["topic", "members", "kitchen"])
    expect(alone).toHaveLength(1)
    pairing.type("y")
    expect(await pairing.next("paired")).toMatchObject({ petname: "Robert" })
    expect(await joining.next("joined")).toMatchObject({ topic: "kitchen" })
    expect([await joining.exitCode(), await pairing.exitCode()]).toEqual([0, 0])

    const { members } = await json(shells.folder, ["topic", "members", "kitchen"])
    expect(members).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ isYou: true, isAdmin: true }),
        expect.objectContaining({ petname: "Robert", trust: "verified", verifiedBy: "emoji" }),
      ]),
    )
  })

  it("not when one of them says n, and keep nothing", async () => {
    const shells = await foundKitchen()
    const { joining, pairing } = await meet(shells, ["--wait", "8"])
    pairing.type("n")
    expect(await pairing.next("ended")).toMatchObject({ because: "different" })
    expect(await joining.next("ended")).toMatchObject({ because: "different-there" })
    expect(await joining.exitCode()).toBe(1)
    expect(joining.stderr).toMatch(/^stringphone: You were not let in[^\n]*\n$/)
    expect(await json(shells.folder, [...bob, "topic", "list"])).toEqual({ topics: [] })
    expect(await pairing.exitCode()).toBe(1)
    expect(pairing.stderr).toMatch(/^stringphone: Nobody was let in within 8 s\.\n$/)
    const { members } = await json(shells.folder, ["topic", "members", "kitchen"])
    expect(members).toHaveLength(1)
  })

  it("never by themselves: who has nobody to ask lets nobody in", async () => {
    const { address, folder } = await foundKitchen()
    const pairing = stringphone(folder, ["topic", "pair", "kitchen", "--wait", "20"])
    const joining = await stringphone(folder, [...bob, "topic", "join", address, "--wait", "20"])
    expect(joining.code).toBe(1)
    expect((await pairing).code).toBe(1)
    expect((await pairing).stderr + joining.stderr).toContain("Nobody is there to compare")
  })

  it("by the code of the topic's side, read from stdin", async () => {
    const { folder } = await foundKitchen()
    const pairing = Running.start(folder, ["topic", "pair", "kitchen", "--admin"])
    const { code } = await pairing.next("pairing")
    expect(code).toMatch(/^stringphone:pair\//)
    // The code says where to meet.
    const joined = await stringphone(
      folder,
      [...bob, "--json", "topic", "join", "--code", "--petname", "Alice"],
      `${String(code)}\n`,
    )
    expect(joined).toMatchObject({ code: 0, stderr: "" })
    expect(await pairing.next("request")).toMatchObject({ isProven: true })
    expect(await pairing.next("paired")).toMatchObject({ petname: "bob" })
    expect(await pairing.exitCode()).toBe(0)
    expect(await json(folder, [...bob, "contacts", "show", "Alice"])).toMatchObject({
      trust: "verified",
      verifiedBy: "code",
    })
    expect(await json(folder, [...bob, "topic", "list"])).toMatchObject({
      topics: [{ name: "kitchen", isAdmin: true }],
    })
    // It works once.
    const again = await stringphone(
      folder,
      ["--as", "eve", "topic", "join", "--code", "--wait", "2"],
      String(code),
    )
    expect(again).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Nobody let you in") as string,
    })
  })

  it("by the code of the joining side, read from stdin", async () => {
    const { address, folder } = await foundKitchen()
    const joining = Running.start(folder, [...bob, "topic", "join", address, "--show-code"])
    const { code } = await joining.next("joining")
    const paired = await stringphone(folder, ["topic", "pair", "kitchen", "--code"], String(code))
    expect(paired).toMatchObject({ code: 0, stderr: "" })
    expect(paired.stdout).toContain("Paired with bob.")
    expect(await joining.next("joined")).toMatchObject({ topic: "kitchen" })
    expect(await joining.exitCode()).toBe(0)

    // Codes of the wrong side, and what is none.
    for (const [args, text] of [
      [["topic", "join", address, "--name", "x", "--code"], String(code)],
      [["topic", "pair", "kitchen", "--code"], "hello"],
      [["topic", "pair", "kitchen", "--code"], "stringphone:pair/AAAA"],
    ] as const) {
      const wrong = await stringphone(folder, args, text)
      expect(wrong).toMatchObject({ code: 2, stdout: "" })
      expect(wrong.stderr).toMatch(/^stringphone: [^\n]*\n$/)
    }
  })

  it("warns of another key in the name of a contact", async () => {
    const shells = await foundKitchen()
    const { publicKey } = await json(shells.folder, ["--as", "other", "id"])
    await json(shells.folder, ["contacts", "add", "bob", String(publicKey)])
    const { asked, joining, pairing } = await meet(shells)
    expect(asked).toMatchObject({ name: "bob", nameClash: "bob" })
    await joining.end()
    await pairing.end()
  })

  it("again after a removal, and only admins can", async () => {
    const shells = await foundKitchen()
    const { address, folder } = shells
    await pairWithBob(shells)
    const notAdmin = await stringphone(folder, [...bob, "topic", "pair", "kitchen"])
    expect(notAdmin).toMatchObject({ code: 1, stdout: "" })
    expect(notAdmin.stderr).toContain("Only an admin")
    const twice = await stringphone(folder, [...bob, "topic", "join", address, "--name", "kitchen"])
    expect(twice.stderr).toContain("You are in a topic")
    // Bob is away when he is removed; he is told when he comes back, and may ask again.
    await json(folder, ["topic", "remove", "kitchen", "bob", "--yes"])
    const alice = await listen(folder, "topic", "listen", "kitchen")
    const told = await stringphone(folder, [...bob, "topic", "listen", "kitchen"])
    expect(told.code).toBe(1)
    expect(told.stdout).toContain("You were removed from this topic by")
    await alice.end()
    await pairWithBob(shells, "--wait", "20")
    const { topics } = await json(folder, [...bob, "topic", "list"])
    expect(topics).toMatchObject([{ name: "kitchen", standing: "member", participants: 2 }])
  })

  it("or stop by Ctrl-C, and say so", async () => {
    const { folder } = await foundKitchen()
    const pairing = Running.start(folder, ["topic", "pair", "kitchen"])
    await pairing.next("pairing")
    expect(await pairing.end()).toBe(1)
    expect(pairing.stderr).toBe("stringphone: The window was closed. Nobody was let in.\n")
  })

  it("not without a broker", async () => {
    const folder = freshHome()
    const made = await stringphone(folder, [
      "topic",
      "new",
      "den",
      "--broker",
      "mqtt://127.0.0.1:1",
    ])
    expect(made.code).toBe(0)
    expect(made.stderr).toContain("The topic was made anyway.")
    const { code, stderr } = await stringphone(folder, ["topic", "pair", "den"])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^stringphone: No MQTT broker answers at 127\.0\.0\.1:1[^\n]*\n$/)
  })
})
