import { type Contact, Identity } from "stringphone/identity"
import type { RoomEvent, RoomMember, RoomStatus } from "stringphone/session/room"
import { createMemoryStore } from "stringphone/store/memory"
import { describe, expect, it } from "vitest"
import { reportComparison } from "../../cli/src/room/verification.js"
import { keyEmoji } from "../src/rooms/key-emoji.ts"
import { pendingEntry, type RoomEntry, withinLimits } from "../src/rooms/room-entry.ts"
import { newest, RoomLog } from "../src/rooms/room-log.ts"
import { noteOf } from "../src/rooms/room-note.ts"
import { isSamePlace, nickOf } from "../src/rooms/room-record.ts"
import { alertsOf, silenceReason, statusText } from "../src/rooms/room-status.ts"
import { actionOf, foldedText, roomText } from "../src/rooms/room-text.ts"

const connected = { status: "open", error: null } as const

function member(name: string, more: Partial<RoomMember> = {}): RoomMember {
  const { publicKey } = Identity.generate()
  return {
    ...{ publicKey, contact: null, name, trust: "unverified", channelName: null },
    ...{ isPresent: true, isCaptain: false, isSelf: false },
    ...more,
  }
}

const ada = member("ada~abcdef", { isSelf: true, trust: "verified" })
const bob = member("bob", { contact: contactOf("bob"), trust: "verified", isCaptain: true })
const carol = member("carol~123456")

function contactOf(petname: string): Contact {
  const { publicKey } = Identity.generate()
  return {
    petname,
    publicKey,
    exchangePublicKey: null,
    decisions: [{ state: "verified", atMs: 1 }],
  }
}

function room(more: Partial<RoomStatus> = {}): RoomStatus {
  return {
    ...{ phase: "member", roomId: new Uint8Array(16), title: "", epoch: 4, digits: "0 1 2" },
    ...{ isDeniable: false, captain: bob, isCaptain: false, members: [ada, bob, carol] },
    ...{ strangers: [], hasMajority: true, split: null, captainSilentMs: null },
    ...{ requests: [], otherRoom: false },
    ...more,
  }
}

describe("what a room's status says", () => {
  it("is one line, in which nobody verifies oneself", () => {
    expect(statusText(room(), "#kitchen")).toBe(
      "#kitchen · encrypted · epoch 4 · captain bob · 3 members, 1 verified",
    )
    expect(statusText(room({ isCaptain: true, isDeniable: true, members: [ada] }), "#k")).toBe(
      "#k · encrypted, deniable · epoch 4 · captain you · 1 member, 0 verified",
    )
    const forger = member("x · 9 members, 9 verified~123456", { isCaptain: true })
    expect(statusText(room({ captain: forger, members: [ada] }), "#k")).toBe(
      "#k · encrypted · epoch 4 · captain “x · 9 members, 9 verified~123456” · 1 member, 0 verified",
    )
    for (const phase of ["outside", "joining", "removed", "stranded"] as const) {
      expect(statusText(room({ phase }), "#k")).not.toMatch(/encrypted/)
      expect(silenceReason(room({ phase }))).toMatch(/[Nn]othing can be sent/)
    }
    expect(silenceReason(room())).toBeNull()
  })

  it("tells what is wrong, the worst first, and what to do", () => {
    expect(alertsOf(room(), connected)).toEqual([])
    const about = (status: RoomStatus, channel: Parameters<typeof alertsOf>[1] = connected) =>
      alertsOf(status, channel).map((alert) => [alert.about, alert.action])
    const split = { with: carol, explanation: "Compare the digits." }
    expect(about(room({ split, otherRoom: true, captainSilentMs: 40_000 }))).toEqual([
      ["split", null],
      ["captain", null],
      ["other-room", null],
    ])
    expect(about(room({ hasMajority: false, captainSilentMs: 70_000 }))).toEqual([
      ["majority", "take over"],
    ])
    // Whoever is cut off is not told to take over from those who are not.
    const lost = { status: "reconnecting", error: "Gone." } as const
    expect(about(room({ hasMajority: false }), lost)).toEqual([["channel", null]])
    expect(about(room(), { status: "closed", error: null })).toEqual([["channel", "connect"]])
    expect(about(room({ phase: "outside", otherRoom: true }))).toEqual([])
  })

  it("has a sentence for what happens", () => {
    const text = (event: RoomEvent): string | undefined => noteOf(event)?.text
    const left = { kind: "left", member: carol, by: ada } as const
    expect(text({ ...left, reason: "left" })).toBe("carol~123456 left.")
    expect(text({ ...left, reason: "removed" })).toMatch(
      /^carol~123456 was removed by you, and can/,
    )
    expect(text({ kind: "captain", captain: ada, how: "vote" })).toBe(
      "The members voted: you are captain now.",
    )
    expect(text({ kind: "gap", seenBy: bob, missing: 2 })).toMatch(
      /^bob saw 2 messages that did not/,
    )
    expect(text({ kind: "removed", by: bob })).toMatch(/^You were removed by bob\./)
    expect(noteOf({ kind: "split", with: null, explanation: "Ask." })?.tone).toBe("alarm")
    expect(noteOf({ kind: "cleartext", channelName: "eve", text: "hi" })).toBeNull()
  })
})

describe("what members write", () => {
  it("keeps its lines and its emoji, and hides nothing", () => {
    expect(roomText("a\r\nb\n\tc")).toBe("a\nb\n    c")
    expect(roomText("👩‍👩‍👧 a\u200db \u202eevil")).toBe("👩‍👩‍👧 a\\u{200d}b \\u{202e}evil")
    expect(roomText(`a${"\u0301".repeat(50)}b`)).toBe(`a${"\u0301".repeat(4)}b`)
    expect(actionOf("\u0001ACTION waves\u0001")).toBe("waves")
    expect(actionOf("ACTION waves")).toBeNull()
  })

  it("is folded where it would fill the screen, and not in the middle of a character", () => {
    expect(foldedText("short")).toBeNull()
    expect(foldedText("a\n".repeat(30))).toBe(`${"a\n".repeat(14).trimEnd()} …`)
    expect(foldedText("🍲".repeat(3_000))).toBe(`${"🍲".repeat(900)} …`)
  })
})

describe("the log of a room", () => {
  const note = (n: number, text = "note"): RoomEntry => ({
    ...{ kind: "note", n, at: 0, tone: "news", text, times: 1 },
  })

  it("is not emptied by those who flood the channel", () => {
    const said = pendingEntry("Dinner!", 0, 0)
    const flooded = withinLimits([said, ...Array.from({ length: 900 }, (_, i) => note(i + 1))])
    expect(flooded).toHaveLength(101)
    expect(flooded[0]).toBe(said)
    expect(flooded.at(-1)?.n).toBe(900)
    const long = [note(1, "x".repeat(300_000)), note(2, "x".repeat(300_000)), note(3)]
    expect(newest(long).map(({ n }) => n)).toEqual([2, 3])
  })

  it("is there after a reload, and gone when the room is forgotten", async () => {
    const store = createMemoryStore()
    const log = new RoomLog(store, "r")
    const said = pendingEntry("Dinner!", 1, 0)
    log.changed([said])
    log.changed([said, note(2)])
    await log.close()
    const again = new RoomLog(store, "r")
    expect(await again.load()).toEqual([{ ...said, sending: "perhaps not sent" }, note(2)])
    await again.forget()
    expect(await new RoomLog(store, "r").load()).toEqual([])
  })
})

describe("names", () => {
  it("of a person become nicks that servers take", () => {
    expect(nickOf("Ada Lovelace")).toBe("Ada_Lovelace")
    expect(nickOf("  Zoë 3: the return")).toBe("Zoe_3_the_return")
    expect(nickOf("42-ada")).toBe("ada")
    expect(nickOf("太郎")).toBe("guest")
  })

  it("of channels are compared as IRC does", () => {
    const place = {
      kind: "irc",
      server: "ircs://irc.example.org:6697",
      channel: "#Kitchen",
    } as const
    expect(isSamePlace(place, { ...place, channel: "#kitchen" })).toBe(true)
    expect(isSamePlace(place, { ...place, server: "ircs://other.example:6697" })).toBe(false)
    expect(isSamePlace(place, { kind: "home" })).toBe(false)
  })

  it("of a key are the emoji that the terminal shows", () => {
    const { publicKey } = Identity.generate()
    const emoji = keyEmoji(publicKey)
    expect(emoji).toHaveLength(15)
    expect(reportComparison(publicKey)).toMatchObject({ emoji })
  })
})
