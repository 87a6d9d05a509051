// For who waits: a line of its own on a terminal, else one in ten seconds. Results alone go to the output.
const everyMs = 10_000
const width = 76
let lastMs = Date.now()

export function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r  ${text.padEnd(width)}`)
  else if (Date.now() - lastMs >= everyMs) progressLine(text)
}

/** That stays. */
export function progressLine(text) {
  lastMs = Date.now()
  clearProgress()
  process.stderr.write(`  ${text}\n`)
}

/** Before a result. */
export function clearProgress() {
  if (process.stderr.isTTY) process.stderr.write(`\r${" ".repeat(width + 2)}\r`)
}
