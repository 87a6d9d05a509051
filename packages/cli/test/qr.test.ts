import { decodeQR } from "qr/decode.js"
import { describe, expect, it } from "vitest"
import { qrText } from "../src/terminal/qr.js"
import { darkTerminal, lightTerminal, photograph } from "./qr-screen.ts"

const short = "stringphone:pair?v=1&k=pQ3kq0vZr1mM2h7bq9xJwA"
const long = `${short}&n=`.padEnd(250, "AbCdEf0123456789_-~.")

const terminals = [
  { name: "a dark terminal", look: darkTerminal },
  { name: "a light terminal", look: lightTerminal },
]

describe.each(terminals)("a QR code on $name", ({ look }) => {
  it.each([
    ["short, in colour", short, true],
    ["short, without colour", short, false],
    ["long, in colour", long, true],
    ["long, without colour", long, false],
  ])("is read back: %s", (_, text, colour) => {
    expect(decodeQR(photograph(qrText(text, { colour }), look))).toBe(text)
  })
})

describe("the text of a QR code", () => {
  it.each([true, false])("fits 80 columns with 250 characters, colour: %s", (colour) => {
    const rows = qrText(long, { colour }).split("\n")
    // eslint-disable-next-line no-control-regex -- colours take no columns
    const widths = rows.map((row) => row.replace(/\x1b\[[\d;]*m/g, "").length)
    expect(new Set(widths)).toEqual(new Set([65]))
    expect(rows.length).toBe(33)
  })

  it("has no escapes without colour, and no row keeps its colours for what follows", () => {
    expect(qrText(short, { colour: false })).toMatch(/^[█▀▄ \n]+$/)
    for (const row of qrText(short, { colour: true }).split("\n")) {
      expect(row.endsWith("\x1b[39;49m")).toBe(true)
    }
  })

  it("has a quiet zone of four modules in what it draws itself", () => {
    for (const colour of [true, false]) {
      const { width, data } = photograph(qrText(short, { colour }), darkTerminal)
      const light = colour ? 255 : darkTerminal.text
      // Three cells of ground around; four modules of 4 pixels are light, then the finder is dark.
      const along = (y: number) => Array.from({ length: 32 }, (_, x) => data[4 * (y * width + x)])
      const row = along(24 + 4 * 4)
      expect(row.slice(0, 12)).toEqual(Array<number>(12).fill(darkTerminal.ground))
      expect(row.slice(12, 28)).toEqual(Array<number>(16).fill(light))
      expect(row[28]).toBeLessThan(50)
      expect(along(24)[30]).toBe(light)
    }
  })
})
