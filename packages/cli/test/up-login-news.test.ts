// What is told of logins when strangers cause it as often as they like.
import { describe, expect, it } from "vitest"
import type { HomeEvent } from "../src/home/event.js"
import { LoginNews } from "../src/home/login-news.js"

function listening(): { readonly news: LoginNews; readonly told: readonly HomeEvent[] } {
  const told: HomeEvent[] = []
  return { news: new LoginNews((event) => told.push(event)), told }
}

describe("news of logins", () => {
  it("tell of a thousand troubles once, with the newest", () => {
    const { news, told } = listening()
    for (let i = 1; i <= 500; i++) news.trouble(new Error(`The disk is full (${i})`))
    for (let i = 1; i <= 500; i++) news.hear({ kind: "trouble", error: `of the store ${i}` })
    expect(told).toEqual([])
    news.stop()
    expect(told).toEqual([{ event: "login", what: "trouble", message: "of the store 500" }])
  })

  it("count what was refused, by why, and tell the rest each time", () => {
    const { news, told } = listening()
    for (let i = 0; i < 300; i++)
      news.hear({ kind: "call-refused", session: "AAAA", reason: "used" })
    news.hear({ kind: "call-refused", session: "BBBB", reason: "denied" })
    news.hear({ kind: "registered", login: "ann" })
    news.stop()
    expect(told).toEqual([
      { event: "login", what: "registered", login: "ann" },
      { event: "login", what: "call-refused", count: 300, reason: "used" },
      { event: "login", what: "call-refused", count: 1, reason: "denied" },
    ])
  })
})
