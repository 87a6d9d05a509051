/** Prints lines; on a terminal one more line stays below them and changes in place. */
export class StatusLine {
  readonly #stream: NodeJS.WriteStream
  #status = ""
  #ended = false

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  print(text: string): void {
    this.#stream.write(`${this.#erase()}${text}\n${this.#status}`)
  }

  /** Shows this below, instead of what was there; nothing where there is no terminal. */
  show(status: string): void {
    if (!this.#stream.isTTY || this.#ended) return
    const fitting = [...status].slice(0, this.#stream.columns - 1).join("")
    if (fitting === this.#status) return
    const erase = this.#erase()
    this.#status = fitting
    this.#stream.write(erase + fitting)
  }

  /** Takes the line below away, for good. */
  end(): void {
    this.show("")
    this.#ended = true
  }

  #erase(): string {
    return this.#status === "" ? "" : "\r\x1b[K"
  }
}
