import { ChannelError, PeerError, utf8 } from "stringphone/bytes"
import type { Contact, VerifiedBy } from "stringphone/identity"
import { describe, expect, it } from "vitest"
import { ago, celsius, percent, rate, roundUp } from "../src/lib/format.ts"
import { brokerUrl, readHomeInfo, topicAddress } from "../src/lib/home-info.ts"
import { oneLine, payloadText, visible } from "../src/lib/peer-text.ts"
import { codeOf, sentenceOf } from "../src/lib/sentence.ts"
import { statusOf, trustText } from "../src/lib/trust.ts"

describe("text of peers", () => {
  it("shows what would hide or turn text around", () => {
    expect(visible("lamp\u202Eon")).toBe("lamp\\u{202e}on")
    expect(visible("a\u0000b\u200Bc\u2028d\u3164")).toBe("a\\u{0}b\\u{200b}c\\u{2028}d\\u{3164}")
    expect(visible("two\nlines, Grüße 🏮")).toBe("two\nlines, Grüße 🏮")
  })

  it("reads JSON, text and bytes, and not too much of them", () => {
    expect(payloadText(utf8('{"a":[1]}'))).toBe('{\n  "a": [\n    1\n  ]\n}')
    expect(payloadText(utf8("plain"))).toBe("plain")
    expect(payloadText(Uint8Array.of(0xff, 0x00))).toBe("Not text: ff00")
    expect(payloadText(utf8("x".repeat(100_000))).length).toBeLessThan(5_000)
    expect(oneLine("a\n  b")).toBe("a b")
  })
})

describe("figures", () => {
  it("are short", () => {
    expect(percent(0.234)).toEqual({ value: "23", unit: "%" })
    expect(percent(0.0123)).toEqual({ value: "1.2", unit: "%" })
    expect(percent(0)).toEqual({ value: "0", unit: "%" })
    expect(percent(7)).toEqual({ value: "100", unit: "%" })
    expect(percent(null).value).toBe("–")
    expect(rate(12)).toEqual({ value: "12", unit: "B/s" })
    expect(rate(999.6)).toEqual({ value: "1.00", unit: "kB/s" })
    expect(rate(66_000)).toEqual({ value: "66.0", unit: "kB/s" })
    expect(rate(3.2e12)).toEqual({ value: "3200", unit: "GB/s" })
    expect(celsius(48.4)).toEqual({ value: "48", unit: "°C" })
    expect([ago(500), ago(14_200), ago(180_000), ago(7_200_000)]).toEqual([
      "now",
      "14 s",
      "3 min",
      "2 h",
    ])
    expect([0, 1, 3, 12, 500, 501].map(roundUp)).toEqual([1, 1, 5, 20, 500, 1_000])
  })
})

describe("the home's description", () => {
  it("is read strictly", () => {
    const read = {
      channel: "home/x",
      mqttPath: "/mqtt",
      broker: "b",
      eavesdropper: true,
      rooms: null,
      login: null,
    }
    const home = { ...read, protocol: 2, embedded: true, tcp: null }
    expect(readHomeInfo(home)).toEqual(read)
    expect(readHomeInfo({ ...home, eavesdropper: "yes" })?.eavesdropper).toBe(false)
    expect(readHomeInfo({ ...home, protocol: undefined })).toBeNull()
    expect(readHomeInfo({ ...home, protocol: 3 })).toBeNull()
    expect(readHomeInfo({ ...home, broker: { address: "x" } })?.broker).toBe("")
    expect(readHomeInfo({ ...home, mqttPath: "//evil.example/mqtt" })).toBeNull()
    expect(readHomeInfo({ ...home, mqttPath: "/\\evil" })).toBeNull()
    expect(readHomeInfo({ ...home, channel: "" })).toBeNull()
    expect(readHomeInfo("no")).toBeNull()
  })

  it("leads to the page's own host", () => {
    expect(brokerUrl({ protocol: "http:", host: "pi:8080" }, "/mqtt")).toBe("ws://pi:8080/mqtt")
    const page = { protocol: "https:", host: "h" }
    expect(brokerUrl(page, "/mqtt")).toBe("wss://h/mqtt")
    expect(topicAddress(page, { channel: "a/b c", mqttPath: "/mqtt" })).toBe("wss://h/mqtt#a/b%20c")
  })
})

describe("sentences", () => {
  it("are the library's own", () => {
    expect(sentenceOf(new ChannelError("store-full", "No room."))).toBe("No room.")
    expect(codeOf(new PeerError("revoked", "No."))).toBe("revoked")
    expect(sentenceOf(new TypeError("x is not a function"))).toMatch(/x is not a function.*Reload/)
    expect([codeOf(new Error("x")), codeOf("x")]).toEqual([null, null])
  })

  it("tell how a contact is trusted", () => {
    const known = { petname: "lamp", publicKey: new Uint8Array(32), exchangePublicKey: null }
    const atMs = Date.UTC(2026, 10, 21, 12)
    const contact = (state: "trusted" | "verified" | "revoked", by?: VerifiedBy): Contact => ({
      ...known,
      decisions: [{ atMs, state, ...(by && { by }) }],
    })
    const verified = (by: VerifiedBy): string => trustText(contact("verified", by))
    expect(verified("words")).toBe("Verified by its eight words on 21 Nov 2026")
    expect(verified("emoji")).toBe("Verified by seven emoji on 21 Nov 2026")
    expect(verified("code")).toBe("Verified by a code on 21 Nov 2026")
    expect(verified("invitation")).toBe("Verified by an invitation on 21 Nov 2026")
    expect(trustText(contact("trusted"))).toMatch(/not compared/)
    expect(trustText(contact("revoked"))).toMatch(/^Revoked/)
    expect(trustText(null)).toMatch(/^Let in by an admin/)
    expect([null, contact("trusted"), contact("verified", "emoji")].map(statusOf)).toEqual([
      "member",
      "trusted",
      "verified",
    ])
  })
})
