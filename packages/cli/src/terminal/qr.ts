import { encodeQR } from "qr"

/** What the standard asks for, in modules; scanners find no code without it. */
const quietZone = 4

/**
 * A QR code for the terminal, two modules above each other in one character: 250 characters of text
 * become 65 columns and 33 rows. No line feed at the end.
 *
 * Without colour nobody knows whether the terminal is dark or light. Light modules are drawn then,
 * which is right on dark terminals; on light ones the code is inverted, with its quiet zone, and
 * scanners read that too.
 */
export function qrText(text: string, options: { colour: boolean }): string {
  // Screens get no scratches: the least correction makes the code small and its modules large.
  const modules = encodeQR(text, "raw", { ecc: "low", border: quietZone })
  const rows: string[] = []
  for (let y = 0; y < modules.length; y += 2) {
    const upper = modules[y] ?? []
    // The number of rows is odd; what is missing below is light.
    const lower = modules[y + 1] ?? []
    const row = upper.map((isDark, x) => block(isDark, lower[x] ?? false, options.colour)).join("")
    rows.push(options.colour ? blackOnWhite + row + asBefore : row)
  }
  return rows.join("\n")
}

/** From the 256 colours: themes change the first 16, and their "white" is often grey. */
const blackOnWhite = "\x1b[38;5;16;48;5;231m"
const asBefore = "\x1b[39;49m"

function block(isUpperDark: boolean, isLowerDark: boolean, drawsDark: boolean): string {
  const [upper, lower] = [isUpperDark === drawsDark, isLowerDark === drawsDark]
  if (upper) return lower ? "█" : "▀"
  return lower ? "▄" : " "
}
