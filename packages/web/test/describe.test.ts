import { concat, hex } from "stringphone/bytes"
import { beforeAll, describe as suite, expect, it } from "vitest"
import { dataHeader } from "../src/lib/data-header.ts"
import { describe } from "../src/lib/describe.ts"
import { overhear } from "./fixture/overheard.ts"

suite("describe", () => {
  let heard: readonly Uint8Array[]

  beforeAll(async () => {
    heard = await overhear()
  }, 30_000)

  it("knows every type that passes on a channel", () => {
    const letters = new Set(heard.map((bytes) => String.fromCharCode(bytes[0] ?? 0)))
    expect([...letters].sort().join("")).toBe("12345BCKMT")
    for (const bytes of heard) expect(describe(bytes).problem).toBeNull()
  })

  it("names every byte once, in order", () => {
    for (const bytes of [...heard, Uint8Array.of(1, 2, 3)]) {
      const { fields } = describe(bytes)
      expect(hex(concat(...fields.map((one) => one.bytes)))).toBe(hex(bytes))
      let at = 0
      for (const one of fields) {
        expect(one.at).toBe(at)
        expect(one.note).not.toBe("")
        at += one.bytes.length
      }
      const names = fields.map(({ name }) => name)
      expect(new Set(names).size).toBe(names.length)
    }
  })

  it("reads what everybody can read, and not what is sealed", () => {
    const message = heard.find((bytes) => bytes[0] === "T".charCodeAt(0)) ?? new Uint8Array()
    const values = describe(message).fields.map(({ name, value }) => [name, value])
    const header = dataHeader(message)
    expect(header).toMatchObject({ letter: "T", epoch: 2 })
    expect(values).toEqual([
      ["type", "T"],
      ["epoch", "2"],
      ["sender tag", null],
      ["counter", String(header?.counter)],
      ["guard", null],
      ["sealed", null],
    ])
    const rekey = heard.find((bytes) => bytes[0] === "K".charCodeAt(0)) ?? new Uint8Array()
    expect(dataHeader(rekey)).toBeNull()
    expect(describe(rekey).fields.find(({ name }) => name === "slots")?.value).toMatch(/^\d$/)
  })

  it("takes every cut of a message for what it is, and never throws", () => {
    for (const whole of heard) {
      for (let length = 0; length < whole.length; length++) {
        const { fields, problem } = describe(whole.subarray(0, length))
        // What ends in something sealed may be cut there, and is well-formed still.
        if (problem === null) expect(fields.at(-1)?.name).toMatch(/^sealed$/)
        else expect(fields.length).toBe(length === 0 ? 0 : 1)
      }
    }
    expect(describe(new Uint8Array(100).fill("5".charCodeAt(0))).problem).toMatch(/too long/)
  })
})
