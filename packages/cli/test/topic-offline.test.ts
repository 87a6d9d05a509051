import { describe, expect, it } from "vitest"
import { json, stringphone } from "./program.js"
import { bob, foundKitchen, listen } from "./topic.js"

describe("joining offline", () => {
  it("by two texts, while the other side is away", async () => {
    const { address, folder } = await foundKitchen()
    const { request } = await json(folder, [...bob, "topic", "request", "cuisine"])
    expect(request).toMatch(/^stringphone:join\//)
    const { addresses, invitation } = await json(folder, ["topic", "invite", "kitchen"])
    expect(addresses).toEqual([address])
    expect(invitation).toMatch(/^stringphone:topic\//)

    const nowhere = await stringphone(folder, [...bob, "topic", "listen", "cuisine"])
    expect(nowhere).toMatchObject({ code: 1, stdout: "" })
    const unsure = await stringphone(
      folder,
      [...bob, "topic", "accept", "cuisine"],
      `${String(invitation)}\nn\n`,
    )
    expect(unsure).toMatchObject({ code: 1, stdout: "" })
    const accept = [...bob, "topic", "accept", "cuisine", "--at", address, "--petname", "Alice"]
    const accepted = await json(folder, accept, `${String(invitation)}\ny\n`)
    expect(accepted).toMatchObject({ event: "accepted", topic: "cuisine" })

    const added = await json(folder, ["topic", "add", "kitchen", "--yes"], String(request))
    expect(added).toMatchObject({ event: "added", name: "bob", epoch: 2 })
    const { members } = await json(folder, ["topic", "members", "kitchen"])
    expect(members).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ petname: "bob", trust: "verified", verifiedBy: "invitation" }),
      ]),
    )

    // The broker kept the key for him.
    const listening = await listen(folder, ...bob, "topic", "listen", "cuisine")
    await listening.next("joined")
    await json(folder, ["topic", "send", "kitchen", "Welcome"])
    expect(await listening.next("message")).toMatchObject({ text: "Welcome", petname: "Alice" })
    expect(await listening.end()).toBe(0)
  })

  it("refuses what is no such text in one sentence", async () => {
    const { folder } = await foundKitchen()
    const { request } = await json(folder, [...bob, "topic", "request", "x"])
    const altered = String(request).replace(/.{10}$/, "AAAAAAAAAA")
    for (const [args, text, code] of [
      [["topic", "add", "kitchen"], "hello", 2],
      [["topic", "add", "kitchen"], "", 1],
      [["topic", "add", "kitchen", "--yes"], `${String(request)}!`, 2],
      [["topic", "add", "kitchen", "--yes"], altered, 1],
      [["topic", "accept", "den"], String(request), 2],
      [[...bob, "topic", "add", "x", "--yes"], String(request), 1],
      [[...bob, "topic", "invite", "x"], "", 1],
      [["topic", "request", "kitchen"], "", 1],
    ] as const) {
      const { code: exit, stderr, stdout } = await stringphone(folder, args, text)
      expect([args, exit, stdout]).toEqual([args, code, ""])
      expect(stderr).toMatch(/stringphone: [^\n]*\n$/)
      expect(stderr).not.toContain("Unexpected")
    }
  })
})
