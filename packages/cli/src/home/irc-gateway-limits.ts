/** IRCv3 tags that a client sends, and the line itself, without its end. */
export const maxLineBytes: number = 4_096 + 510
/** What a server says may have more tags. Longer: it does not speak IRC. */
export const maxServerLineBytes: number = 8_192 + 510
/** Faster than any server takes lines; a page that keeps to its server's pace never gets here. */
const burst = 60
const linesPerSecond = 15

/** How fast one page may send. */
export class LineRate {
  readonly #nowMs: () => number
  #tokens = burst
  #filledAtMs: number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
    this.#filledAtMs = nowMs()
  }

  /** @returns whether one more line may go now */
  take(): boolean {
    const nowMs = this.#nowMs()
    const filled = ((nowMs - this.#filledAtMs) * linesPerSecond) / 1_000
    this.#tokens = Math.min(burst, this.#tokens + filled)
    this.#filledAtMs = nowMs
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}

/** Puts the bytes of a server together to lines. */
export class LineSplitter {
  #rest: Buffer = Buffer.alloc(0)

  /** @returns the lines that are complete, without their ends; `null`: one is too long */
  push(chunk: Buffer): readonly string[] | null {
    const bytes = Buffer.concat([this.#rest, chunk])
    const lines: string[] = []
    let start = 0
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      const line = bytes.subarray(start, end)
      if (line.length > maxServerLineBytes) return null
      // What is no UTF-8 could not be sent as text.
      lines.push(line.toString("utf8").replace(/[\r\0]/g, ""))
      start = end + 1
    }
    this.#rest = bytes.subarray(start)
    return this.#rest.length > maxServerLineBytes ? null : lines.filter((line) => line !== "")
  }
}
