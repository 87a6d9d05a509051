import { encodeQR } from "qr"

export interface QrShape {
  /** Modules on each side, with the quiet zone. */
  readonly size: number
  /** The dark modules, as the `d` of an SVG path. */
  readonly path: string
}

export function qrShape(text: string): QrShape {
  // Four light modules around are what scanners look for.
  const modules = encodeQR(text, "raw", { ecc: "medium", border: 4 })
  return { size: modules.length, path: modules.map(rowPath).join("") }
}

/** One rectangle for each run of dark modules: next to each other, squares show seams. */
function rowPath(row: readonly boolean[], y: number): string {
  let path = ""
  for (let x = 0; x < row.length; x++) {
    if (!row[x]) continue
    const start = x
    while (row[x + 1]) x++
    const length = x + 1 - start
    path += `M${start} ${y}h${length}v1h-${length}z`
  }
  return path
}
