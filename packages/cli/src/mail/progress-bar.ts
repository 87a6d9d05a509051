import { StatusLine } from "../terminal/status-line.js"

/** Runs with a bar on stderr, for a person at a terminal only; it goes when all ends or fails. */
export async function withBar<T>(
  what: string,
  use: (show: (done: number, of: number) => void, name: (what: string) => void) => Promise<T>,
): Promise<T> {
  const line = new StatusLine(process.stderr)
  let step = what
  try {
    return await use(
      (done, of) => line.show(barText(step, done, of)),
      (name) => (step = name),
    )
  } finally {
    line.end()
  }
}

/** `Writing [██████░░░░░░░░░░░░░░]  30 %`. */
export function barText(what: string, done: number, of: number): string {
  const share = of <= 0 ? 1 : Math.min(1, Math.max(0, done / of))
  const full = Math.floor(share * 20)
  const percent = `${Math.floor(share * 100)}`.padStart(3)
  return `${what} [${"█".repeat(full)}${"░".repeat(20 - full)}] ${percent} %`
}
