import type { Paint } from "../terminal/paint.js"
import { qrText } from "../terminal/qr.js"

/** How wide the terminal is; `null`: there is none, and pictures are left out. */
export type Columns = number | null

/** The QR code and an empty line, where it fits. */
export function picture(code: string, paint: Paint, columns: Columns): readonly string[] {
  if (columns === null) return []
  const text = qrText(code, { colour: paint.colours })
  // A row of characters shows two rows of the square.
  const width = 2 * text.split("\n").length
  return width > columns ? [] : [text, ""]
}
