import type { Image } from "qr/decode.js"

export interface Look {
  readonly text: number
  readonly ground: number
}

/** What terminals look like, as levels of grey. */
export const darkTerminal: Look = { text: 220, ground: 20 }
export const lightTerminal: Look = { text: 30, ground: 250 }

const cellWidth = 4
const cellHeight = 8
const margin = 3

/** A photo of a terminal that shows this: half blocks and the colours of `qrText`, nothing else. */
export function photograph(shown: string, look: Look): Image {
  const rows = shown.split("\n").map((row) => cells(row, look))
  const columns = Math.max(...rows.map((row) => row.length)) + 2 * margin
  const width = columns * cellWidth
  const height = (rows.length + 2 * margin) * cellHeight
  const data = new Uint8Array(4 * width * height)
  for (let y = 0; y < height; y++) {
    const row = rows[Math.floor(y / cellHeight) - margin] ?? []
    const half = y % cellHeight < cellHeight / 2 ? 0 : 1
    for (let x = 0; x < width; x++) {
      const level = row[Math.floor(x / cellWidth) - margin]?.[half] ?? look.ground
      data.set([level, level, level, 255], 4 * (y * width + x))
    }
  }
  return { width, height, data }
}

type Cell = readonly [upper: number, lower: number]

function cells(row: string, look: Look): readonly Cell[] {
  let { text, ground } = look
  const found: Cell[] = []
  // eslint-disable-next-line no-control-regex -- that is what colours are made of
  for (const [token] of row.matchAll(/\x1b\[[\d;]*m|./gu)) {
    if (token === "\x1b[38;5;16;48;5;231m") [text, ground] = [0, 255]
    else if (token === "\x1b[39;49m") ({ text, ground } = look)
    else if (token === "█") found.push([text, text])
    else if (token === "▀") found.push([text, ground])
    else if (token === "▄") found.push([ground, text])
    else if (token === " ") found.push([ground, ground])
    else throw new Error(`A terminal would show ${JSON.stringify(token)} here.`)
  }
  return found
}
